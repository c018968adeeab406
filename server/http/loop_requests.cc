// The half of Loop that turns bytes into requests and responses into bytes.

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <exception>

#include <fmt/compile.h>
#include <fmt/format.h>

#include "server/http/loop.h"
#include "server/http/text.h"

namespace tenantry::http {
namespace {

// A connection with more buffered requests than this waits for its next turn.
constexpr int kRequestsPerTurn = 16;
// A client that does not read its replies gets no further ones made.
constexpr size_t kOutputPauseBytes = 256 * 1024;
// Of Application::LateLines, about.
constexpr size_t kLateLinesBytes = 96;

// A request whose bytes are its own, for a worker.
struct OwnedRequest {
  std::string bytes;
  Request request;
};

void Rebase(std::string_view* view, const char* from, const std::string& to) {
  // A path that the request did not spell out is static text outside the buffer.
  if (view->data() < from || view->data() > from + to.size()) return;
  *view = {to.data() + (view->data() - from), view->size()};
}

std::shared_ptr<OwnedRequest> Own(const Request& request, std::string_view raw) {
  auto owned = std::make_shared<OwnedRequest>();
  owned->bytes.assign(raw);
  owned->request = request;
  Request& r = owned->request;
  for (std::string_view* view : {&r.method_name, &r.target, &r.path, &r.query, &r.body}) {
    Rebase(view, raw.data(), owned->bytes);
  }
  for (Header& header : r.headers) {
    Rebase(&header.name, raw.data(), owned->bytes);
    Rebase(&header.value, raw.data(), owned->bytes);
  }
  return owned;
}

Response InternalError(Application& application, const Request& request) {
  return application.ProtocolError(500, "Internal server error", &request, request.target);
}

// Runs `body`; an exception becomes a 500 that says nothing.
template <class Body>
Response Guarded(Application& application, const Request& request, const Body& body) {
  try {
    return body();
  } catch (const std::exception& error) {
    application.OnException(request, error.what());
  } catch (...) {
    application.OnException(request, "an exception of an unknown type");
  }
  return InternalError(application, request);
}

bool HasNoBody(int status) {
  return status < 200 || status == 204 || status == 304;
}

}  // namespace

void Loop::Process(Connection& c) {
  for (int handled = 0; c.fd >= 0 && !c.in.empty(); ++handled) {
    if (c.pending != Pending::kNone || c.close_after_write) break;
    if (c.out.bytes() > kOutputPauseBytes) break;  // FlushOne() makes it runnable again.
    if (handled == kRequestsPerTurn) {
      MarkRunnable(c);
      break;
    }
    size_t size = c.in.size();
    const RequestFramer::State state = c.framer.Advance(c.in.data(), &size);
    c.in.SetSize(size);
    if (state == RequestFramer::State::kReady) {
      StartRequest(c);
      continue;
    }
    if (state == RequestFramer::State::kError) {
      Fail(c, c.framer.error().status, c.framer.error().reason, false);
      break;
    }
    if (c.read_closed) {  // The client gave up in the middle of a request.
      c.close_after_write = true;
      c.in.Discard(&pool_);
      break;
    }
    if (c.framer.TakeExpectContinue(size)) {
      c.out.Append("HTTP/1.1 100 Continue\r\n\r\n", &pool_);
      MarkDirty(c);
    }
    Arm(c, state == RequestFramer::State::kHead ? Wait::kHead : Wait::kBody);
    break;
  }
  Settle(c);
}

void Loop::RunRunnable() {
  if (runnable_.empty()) return;
  std::vector<ConnectionKey> turn;
  turn.swap(runnable_);
  for (const ConnectionKey key : turn) {
    Connection* c = Find(key);
    if (!c) continue;
    c->runnable = false;
    if (c->tls && c->tls->HasPending() && c->wait != Wait::kLinger && !c->close_after_write) {
      HandleReadableTls(*c);
    } else {
      Process(*c);
    }
  }
}

// Sets request_ from the bytes of the connection's current request.
void Loop::PrepareRequest(Connection& c) {
  c.framer.Fill(c.in.data(), &request_);
  request_.peer_ip = c.peer_ip;
  request_.peer = c.peer;
  request_.client = c.admission.client;
  request_.received_ns = c.started_ns;
  request_.loop = id_;
  request_.blocking_lane = false;
  request_.params.count = 0;
}

void Loop::StartRequest(Connection& c) {
  c.started_ns = now_ns_;
  PrepareRequest(c);
  c.route = nullptr;
  const auto sent = request_.FindHeader("x-request-id");
  c.request_id.Set(sent && IsRequestId(*sent) ? *sent : NewRequestId());
  request_.request_id = c.request_id.view();
  if (request_.method == Method::kOther) return Fail(c, 501, "This method is not supported", true);
  int refused_status = 0;
  if (!adapter_.Accepts(request_, &refused_status)) {
    return Fail(c, refused_status, "Malformed request", true);
  }
  if (!Dispatch(c)) {
    if (c.await_index != 0) return Await(c);
    SetPending(c, Pending::kWorker);
    return Arm(c, Wait::kReply);
  }
  head_.clear();
  adapter_.Render(response_, &head_);
  Deliver(c);
}

// Sets response_ to the answer to request_. False when it comes later. What the application throws outside Handle and Unrouted
// ends the process, as application.h says.
bool Loop::Dispatch(Connection& c) {
  const Request& request = request_;
  const RouteMatch match = context_.router->Match(request_.method, request_.path, &request_.params);
  c.route = match.route;
  const auto handle = [&] { return application_.Handle(*match.route, request); };
  const auto admit = [&] {
    auto refusal = application_.Admit(request, match.route, &c.admission);
    request_.client = c.admission.client;
    return refusal;
  };
  if (!HasRoom() && (!match.route || match.route->rate != RateClass::kExempt)) {
    response_ = application_.Overloaded(request);
  } else if (auto refusal = admit()) {
    response_ = *std::move(refusal);
  } else if (!match.route) {
    response_ = Guarded(application_, request,
                        [&] { return application_.Unrouted(request, match.allowed); });
  } else if (const uint64_t index = application_.WaitFor(*match.route, request);
             index > application_.ReleasedIndex()) {
    c.await_index = index;
    return false;
  } else if (match.route->lane == Lane::kInline) {
    response_ = Guarded(application_, request, handle);
    if (response_.rerun_blocking) {
      if (Offload(c, context_.blocking)) return false;
      response_ = application_.Overloaded(request);
    }
  } else {
    const bool hashes = match.route->lane == Lane::kHashing;
    if (Offload(c, hashes ? context_.hashing : context_.blocking)) return false;
    response_ = application_.Overloaded(request);
  }
  application_.Decorate(&request, match.route, &response_);
  return true;
}

// The request is handled once the index is released, or when its time for that is over.
void Loop::Await(Connection& c) {
  c.held.reset();
  Park(c, c.await_index);
}

void Loop::Resume(Connection& c) {
  PrepareRequest(c);
  request_.request_id = c.request_id.view();
  context_.router->Match(request_.method, request_.path, &request_.params);
  c.await_index = 0;
  SetPending(c, Pending::kWorker);
  Arm(c, Wait::kReply);
  if (!Offload(c, context_.blocking)) Answer(c, application_.Overloaded(request_));
}

bool Loop::Offload(Connection& c, WorkerLane* lane) {
  auto owned = Own(request_, {c.in.data(), c.framer.consumed()});
  owned->request.blocking_lane = true;
  return lane->Push([this, owned = std::move(owned), route = c.route, key = c.key] {
    const Request& request = owned->request;
    Response response =
        Guarded(application_, request, [&] { return application_.Handle(*route, request); });
    // On a worker there is no tick to join and no slower lane to go to: asking for either is a bug
    // of the handler.
    if (response.rerun_blocking || response.tick_ticket != 0) {
      application_.OnException(request,
                               "a handler on a worker asked for a tick or to be run again");
      response = InternalError(application_, request);
    }
    Complete(key, std::move(response));
  });
}

void Loop::Complete(ConnectionKey key, Response response) {
  {
    MutexLock lock(mailbox_mutex_);
    mailbox_.emplace_back(key, std::move(response));
  }
  Wake();
}

void Loop::CompletePiece(ConnectionKey key, Status made, std::string piece) {
  {
    MutexLock lock(mailbox_mutex_);
    piece_mailbox_.push_back({key, std::move(made), std::move(piece)});
  }
  Wake();
}

void Loop::TakeCompletions() {
  {
    MutexLock lock(mailbox_mutex_);
    completions_.swap(mailbox_);
    pieces_.swap(piece_mailbox_);
  }
  for (auto& [key, response] : completions_) {
    Connection* c = Find(key);
    if (c && c->pending == Pending::kWorker) Answer(*c, std::move(response));
  }
  completions_.clear();
  for (Piece& piece : pieces_) {
    Connection* c = Find(piece.key);
    if (c && c->pending == Pending::kStream) SendPiece(*c, piece.made, std::move(piece.bytes));
  }
  pieces_.clear();
}

// Renders and delivers a response that came later than Dispatch().
void Loop::Answer(Connection& c, Response response) {
  PrepareRequest(c);
  request_.request_id = c.request_id.view();
  if (c.route) context_.router->Match(request_.method, request_.path, &request_.params);
  response_ = std::move(response);
  application_.Decorate(&request_, c.route, &response_);
  head_.clear();
  adapter_.Render(response_, &head_);
  SetPending(c, Pending::kNone);
  Deliver(c);
  if (c.pending == Pending::kNone && !c.in.empty()) MarkRunnable(c);
}

// Sends what head_ and response_ hold, or keeps it until it may leave.
namespace {

// All but the head, which is rendered apart.
RenderedReply TakeReply(Response* response) {
  RenderedReply reply;
  reply.body = std::move(response->body);
  reply.shared_body = std::move(response->shared_body);
  reply.stream = std::move(response->stream);
  reply.log_detail = std::move(response->log_detail);
  reply.status = response->status;
  reply.release_index = response->release_index;
  reply.hold_ms = response->hold_ms;
  reply.tenant_space = response->tenant_space;
  return reply;
}

}  // namespace

void Loop::Deliver(Connection& c) {
  if (response_.tick_ticket != 0) {
    if (tickets_.empty()) tick_released_ = application_.ReleasedIndex();
    tickets_.push_back({response_.tick_ticket, c.key});
    return Hold(c, Pending::kTick);
  }
  if (response_.hold_ms > 0) {
    Hold(c, Pending::kHold);
    return Arm(c, Wait::kHold);
  }
  if (response_.release_index > application_.ReleasedIndex()) {
    Hold(c, Pending::kRelease);
    return Park(c, c.held->release_index);
  }
  RenderedReply reply = TakeReply(&response_);
  Send(c, head_, &reply);
}

bool Loop::HasRoom() const {
  const LiveLimits& limits = *context_.limits;
  return limits.requests_waiting.load(std::memory_order_relaxed) <
         limits.requests_max.load(std::memory_order_relaxed);
}

void Loop::SetPending(Connection& c, Pending pending) {
  const bool waited = c.pending != Pending::kNone;
  const bool waits = pending != Pending::kNone;
  c.pending = pending;
  if (waits == waited) return;
  auto& waiting = context_.limits->requests_waiting;
  if (waits) {
    waiting.fetch_add(1, std::memory_order_relaxed);
  } else {
    waiting.fetch_sub(1, std::memory_order_relaxed);
  }
}

void Loop::Hold(Connection& c, Pending pending) {
  c.held = std::make_unique<RenderedReply>(TakeReply(&response_));
  if (pending == Pending::kTick) c.held->head.reserve(head_.size() + kLateLinesBytes);
  c.held->head.append(head_);
  SetPending(c, pending);
  Arm(c, Wait::kReply);
}

void Loop::Park(Connection& c, uint64_t index) {
  const auto later = [](const Parked& a, const Parked& b) {
    return a.release_index > b.release_index;
  };
  SetPending(c, Pending::kRelease);
  parked_.push_back({index, c.key});
  std::push_heap(parked_.begin(), parked_.end(), later);
  Arm(c, c.WaitOfPending());
}

void Loop::ReleaseParked() {
  if (parked_.empty() && tickets_.empty()) return;
  const auto later = [](const Parked& a, const Parked& b) {
    return a.release_index > b.release_index;
  };
  // An open tick waits for any release; see NotifyReleased().
  const auto awaited = [this] {
    if (!tickets_.empty()) return uint64_t{0};
    return parked_.empty() ? ~uint64_t{0} : parked_.front().release_index;
  };
  parked_min_.store(awaited(), std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_seq_cst);
  // The release that an open tick waits for may just have happened.
  if (!tickets_.empty() && TickIsDue()) EndTick();
  const uint64_t released = application_.ReleasedIndex();
  while (!parked_.empty() && parked_.front().release_index <= released) {
    std::pop_heap(parked_.begin(), parked_.end(), later);
    const Parked parked = parked_.back();
    Connection* c = Find(parked.key);
    parked_.pop_back();
    // A wait that ended by its time limit leaves its entry here, which says nothing about a later one.
    if (!c || c->pending != Pending::kRelease) continue;
    if (!c->held && c->await_index == parked.release_index) Resume(*c);
    if (c->held && c->held->release_index == parked.release_index) SendHeld(*c);
  }
  parked_min_.store(awaited(), std::memory_order_relaxed);
}

void Loop::SendHeld(Connection& c) {
  const std::unique_ptr<RenderedReply> held = std::move(c.held);
  SetPending(c, Pending::kNone);
  Send(c, held->head, held.get());
  if (!c.in.empty()) MarkRunnable(c);
}

// The reply waited long enough; it may still have to wait for its entry.
void Loop::EndHold(Connection& c) {
  const uint64_t index = c.held->release_index;
  if (index > application_.ReleasedIndex()) return Park(c, index);
  SendHeld(c);
}

void Loop::EndTick() {
  if (tickets_.empty()) return;
  verdicts_.clear();
  application_.OnTickEnd(id_, &verdicts_);
  const auto earlier = [](const Ticket& a, const Ticket& b) { return a.ticket < b.ticket; };
  std::sort(tickets_.begin(), tickets_.end(), earlier);
  // Most of a tick's requests share their entry, and so these lines.
  uint64_t lines_index = 0;
  std::string lines;
  for (TickVerdict& verdict : verdicts_) {
    const auto found =
        std::lower_bound(tickets_.begin(), tickets_.end(), Ticket{verdict.ticket, {}}, earlier);
    if (found == tickets_.end() || found->ticket != verdict.ticket) continue;
    Connection* c = Find(found->key);
    if (!c || c->pending != Pending::kTick) continue;
    if (verdict.replacement) {
      verdict.replacement->tick_ticket = 0;
      c->held.reset();
      Answer(*c, std::move(*verdict.replacement));
    } else {
      if (lines.empty() || lines_index != verdict.release_index) {
        lines_index = verdict.release_index;
        lines = application_.LateLines(lines_index);
      }
      c->held->release_index = verdict.release_index;
      c->held->head += lines;
      Park(*c, verdict.release_index);  // ReleaseParked() follows in this batch.
    }
  }
  for (const Ticket& ticket : tickets_) {
    Connection* c = Find(ticket.key);
    if (c && c->pending == Pending::kTick) Fail(*c, 500, "Internal server error", true);
  }
  tickets_.clear();
}

void Loop::Send(Connection& c, std::string_view head, RenderedReply* reply) {
  const uint64_t bytes = reply->shared_body ? reply->shared_body->size() : reply->body.size();
  const bool no_body = HasNoBody(reply->status);
  const bool sends_body = !no_body && c.framer.method() != Method::kHead;
  const bool streams = reply->stream != nullptr && sends_body;
  if (!c.framer.keep_alive() || draining_) c.close_after_write = true;
  // Only the end of the connection ends such a body there.
  if (streams && c.framer.is_http_1_0()) c.close_after_write = true;
  fmt::memory_buffer tail;
  tail.append(date_line_);
  std::array<char, Application::kAdmissionLinesBytes> room;
  tail.append(application_.AdmissionLines(c.admission, room));
  fmt::format_to(std::back_inserter(tail), FMT_COMPILE("X-Request-Id: {}\r\n"),
                 c.request_id.view());
  if (streams && !c.framer.is_http_1_0()) {
    tail.append(std::string_view("Transfer-Encoding: chunked\r\n"));
  } else if (!no_body && !reply->stream) {
    fmt::format_to(std::back_inserter(tail), FMT_COMPILE("Content-Length: {}\r\n"), bytes);
  }
  if (c.close_after_write) {
    tail.append(std::string_view("Connection: close\r\n"));
  } else if (c.framer.is_http_1_0()) {
    tail.append(std::string_view("Connection: keep-alive\r\n"));
  }
  tail.append(std::string_view("\r\n"));
  c.out.Append(head, &pool_);
  c.out.Append({tail.data(), tail.size()}, &pool_);
  if (streams) {
    c.held = std::make_unique<RenderedReply>(std::move(*reply));
    SetPending(c, Pending::kStream);
    return MarkDirty(c);
  }
  if (sends_body) {
    if (reply->shared_body) {
      c.out.AppendShared(std::move(reply->shared_body));
    } else {
      c.out.AppendBody(std::move(reply->body), &pool_);
    }
  }
  Record(c, *reply, sends_body ? bytes : 0);
  FinishRequest(c);
}

void Loop::Record(const Connection& c, const RenderedReply& reply, uint64_t body_bytes) {
  AccessRecord record;
  record.route = c.route;
  record.method = c.framer.method();
  record.method_name = c.framer.MethodText(c.in.data());
  record.target = c.framer.Target(c.in.data());
  record.request_id = c.request_id.view();
  record.peer_ip = c.peer_ip;
  record.status = reply.status;
  record.detail = reply.log_detail;
  record.tenant_space = reply.tenant_space;
  record.body_bytes = body_bytes;
  record.latency_ns = context_.clock->NowBootNs() - c.started_ns;
  record.loop = id_;
  application_.OnReply(record);
}

// A worker makes the next piece of the body, now that the client has all before it.
void Loop::PullPiece(Connection& c) {
  c.held->pulling = true;
  c.wait = Wait::kNothing;
  const bool taken = context_.blocking->PushNext([this, source = c.held->stream, key = c.key] {
    std::string piece;
    Status made;
    try {
      made = source->Next(&piece);
    } catch (const std::exception& error) {
      made = Internal(error.what());
    }
    CompletePiece(key, std::move(made), std::move(piece));
  });
  if (!taken) SendPiece(c, Unavailable("the server stops"), {});
}

void Loop::SendPiece(Connection& c, const Status& made, std::string bytes) {
  RenderedReply& reply = *c.held;
  reply.pulling = false;
  if (!made.ok()) {
    reply.log_detail = "the body was cut: " + made.ToString();
    Record(c, reply, reply.streamed_bytes);
    return Close(c);
  }
  const bool chunked = !c.framer.is_http_1_0();
  if (!bytes.empty()) {
    reply.streamed_bytes += bytes.size();
    if (chunked) c.out.Append(fmt::format("{:x}\r\n", bytes.size()), &pool_);
    c.out.AppendBody(std::move(bytes), &pool_);
    if (chunked) c.out.Append("\r\n", &pool_);
    return MarkDirty(c);
  }
  if (chunked) c.out.Append("0\r\n\r\n", &pool_);
  Record(c, reply, reply.streamed_bytes);
  c.held.reset();
  SetPending(c, Pending::kNone);
  FinishRequest(c);
  if (!c.in.empty()) MarkRunnable(c);
}

void Loop::FinishRequest(Connection& c) {
  c.served = true;
  c.route = nullptr;
  c.admission = {};
  c.wait = Wait::kNothing;
  if (c.close_after_write) {
    // Bytes behind the last request, or a client that a drain took by surprise.
    c.linger_on_close |= draining_ || c.framer.state() != RequestFramer::State::kReady ||
                         c.in.size() > c.framer.consumed();
    c.in.Discard(&pool_);
  } else {
    c.in.Consume(c.framer.consumed());
  }
  c.framer.Reset();
  MarkDirty(c);
}

void Loop::Fail(Connection& c, int status, std::string_view reason, bool framed) {
  const bool had_bytes = !c.in.empty();
  if (framed) {
    PrepareRequest(c);
    request_.request_id = c.request_id.view();
  } else {
    c.request_id.Set(NewRequestId());
    c.started_ns = now_ns_;
    c.route = nullptr;
  }
  const std::string_view target = had_bytes ? c.framer.Target(c.in.data()) : std::string_view();
  response_ = application_.ProtocolError(status, reason, framed ? &request_ : nullptr, target);
  application_.Decorate(framed ? &request_ : nullptr, c.route, &response_);
  head_.clear();
  adapter_.Render(response_, &head_);
  SetPending(c, Pending::kNone);
  c.held.reset();
  c.close_after_write = true;
  c.linger_on_close = true;
  RenderedReply reply = TakeReply(&response_);
  Send(c, head_, &reply);
}

std::string_view Loop::NewRequestId() {
  static constexpr char kDigits[] = "0123456789abcdef";
  uint64_t value = next_request_id_++;
  for (int i = 15; i >= 0; --i, value >>= 4) request_id_text_[i] = kDigits[value & 15];
  return {request_id_text_, sizeof request_id_text_};
}

}  // namespace tenantry::http
