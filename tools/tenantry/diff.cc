#include <cstdio>
#include <map>
#include <optional>

#include "engine/base/bytes.h"
#include "engine/codec/text_view.h"
#include "engine/dump/reader.h"
#include "engine/dump/tenant_rows.h"
#include "engine/keys/keys.h"
#include "engine/schema/directory.capnp.h"
#include "tools/tenantry/data_folder.h"
#include "tools/tenantry/dump.h"
#include "tools/tenantry/dump_files.h"

namespace tenantry::tools {
namespace {

constexpr size_t kShownMax = 20;

struct DiffRow {
  SpaceId space;
  std::string tenant, key, value;
};

// The rows of one dump, file or folder, one by one.
class Side {
 public:
  static Result<std::unique_ptr<Side>> Open(const std::string& path, const std::string& tenant) {
    std::unique_ptr<Side> side(new Side(tenant));
    if (IsFolder(path)) {
      server::AdminRequest request;
      if (!tenant.empty()) request.arguments["tenant"] = tenant;
      TNT_ASSIGN_OR_RETURN(side->folder_, FolderDump::Start(path, std::move(request)));
      side->reader_.emplace(side->folder_->source());
    } else {
      TNT_ASSIGN_OR_RETURN(side->file_, OpenInput(path, false));
      side->source_.emplace(side->file_.get());
      side->reader_.emplace(*side->source_);
    }
    const Status opened = side->reader_->Open();
    if (!opened.ok() && side->folder_) TNT_RETURN_IF_ERROR(side->folder_->Finish());
    TNT_RETURN_IF_ERROR(opened);
    if (side->reader_->header().incremental()) {
      return InvalidArgument(path + " holds only changes; whole dumps can be compared");
    }
    return side;
  }

  const dump::Header& header() const { return reader_->header(); }

  // The next row; false at the end.
  Result<bool> Next(DiffRow* row) {
    while (next_ == rows_.size()) {
      TNT_ASSIGN_OR_RETURN(const bool more, reader_->NextBlock(&block_));
      if (!more) {
        if (folder_) TNT_RETURN_IF_ERROR(folder_->Finish());
        return false;
      }
      rows_.clear();
      next_ = 0;
      TNT_RETURN_IF_ERROR(dump::VisitRows(
          block_, [this](bool /*put*/, std::string_view key, std::string_view value) -> Status {
            TNT_ASSIGN_OR_RETURN(const bool wanted, Wants(key, value));
            if (wanted) rows_.emplace_back(key, value);
            return Status::Ok();
          }));
    }
    const auto& [key, value] = rows_[next_++];
    row->space = block_.head.space;
    row->tenant = block_.head.tenant;
    row->key = key;
    TNT_ASSIGN_OR_RETURN(row->value, Comparable(row->space, key, value));
    return true;
  }

 private:
  explicit Side(const std::string& tenant) : tenant_(tenant), ours_(tenant) {}

  Result<bool> Wants(std::string_view key, std::string_view value) {
    if (tenant_.empty()) return true;
    return block_.head.space == kDirectorySpace ? ours_.Wants(key, value)
                                                : Result<bool>(block_.head.tenant == tenant_);
  }

  // Where a tenant's rows lie is not part of what it is.
  static Result<std::string> Comparable(SpaceId space, std::string_view key,
                                        const std::string& value) {
    const std::string whole = keys::RowKey(space, key);
    keys::KeyHead head;
    if (space != kDirectorySpace || !keys::SplitHead(whole, &head)) return value;
    if (head.kind != keys::Kind::kRecord) return value;
    if (head.collection == schema::CollectionOf<schema::Tenant>().number) {
      TNT_ASSIGN_OR_RETURN(const auto tenant, codec::Stored<schema::Tenant>::Decode(value));
      codec::Draft<schema::Tenant> copy(tenant);
      copy->setSpace(0);
      return copy.Encode();
    }
    if (head.collection == schema::CollectionOf<schema::Reference>().number) {
      TNT_ASSIGN_OR_RETURN(const auto reference, codec::Stored<schema::Reference>::Decode(value));
      codec::Draft<schema::Reference> copy(reference);
      copy->setSpace(0);
      return copy.Encode();
    }
    return value;
  }

  const std::string tenant_;
  dump::TenantRows ours_;
  std::unique_ptr<FolderDump> folder_;
  OpenFd file_;
  std::optional<FdSource> source_;
  std::optional<dump::DumpReader> reader_;
  dump::Block block_;
  std::vector<std::pair<std::string, std::string>> rows_;
  size_t next_ = 0;
};

struct Differences {
  uint64_t rows = 0, only_left = 0, only_right = 0, changed = 0;
  uint64_t total() const { return only_left + only_right + changed; }

  void Show(char mark, const DiffRow& row) {
    ++(mark == '-' ? only_left : mark == '+' ? only_right : changed);
    if (total() > kShownMax) return;
    std::printf("%c %s\t%s\n", mark, row.tenant.empty() ? "directory" : row.tenant.c_str(),
                dump::DescribeKey(row.key).c_str());
  }
};

// -1: the left row comes first, 1: the right one. Tenants of one name are compared wherever their rows lie.
int Order(const DiffRow& left, const DiffRow& right) {
  if (left.tenant != right.tenant) return left.space <= right.space ? -1 : 1;
  return left.key.compare(right.key);
}

Status Compare(Side* left, Side* right, Differences* found) {
  DiffRow a, b;
  TNT_ASSIGN_OR_RETURN(bool more_a, left->Next(&a));
  TNT_ASSIGN_OR_RETURN(bool more_b, right->Next(&b));
  while (more_a || more_b) {
    const int order = !more_a ? 1 : !more_b ? -1 : Order(a, b);
    ++found->rows;
    if (order < 0) found->Show('-', a);
    if (order > 0) found->Show('+', b);
    if (order == 0 && a.value != b.value) found->Show('~', a);
    if (order <= 0) {
      TNT_ASSIGN_OR_RETURN(more_a, left->Next(&a));
    }
    if (order >= 0) {
      TNT_ASSIGN_OR_RETURN(more_b, right->Next(&b));
    }
  }
  return Status::Ok();
}

int RunDiff(const Invocation& invocation) {
  const std::string& tenant = invocation.Get("tenant");
  const Result<std::unique_ptr<Side>> left = Side::Open(invocation.Get("A"), tenant);
  if (!left.ok()) return ShowFailure(left.status());
  const Result<std::unique_ptr<Side>> right = Side::Open(invocation.Get("B"), tenant);
  if (!right.ok()) return ShowFailure(right.status());
  Differences found;
  const Status compared = Compare(left->get(), right->get(), &found);
  if (!compared.ok()) return ShowFailure(compared);
  if (found.total() == 0) {
    std::printf("no difference in %llu rows\n", static_cast<unsigned long long>(found.rows));
    return server::kExitOk;
  }
  std::fprintf(stderr, "tenantry: %llu rows only in A (-), %llu only in B (+), %llu differ (~)%s\n",
               static_cast<unsigned long long>(found.only_left),
               static_cast<unsigned long long>(found.only_right),
               static_cast<unsigned long long>(found.changed),
               found.total() > kShownMax ? "; the first twenty are shown" : "");
  return server::kExitFailed;
}

}  // namespace

Command DiffCommand() {
  return {
      "admin diff",
      "Compare two states row by row; each is a dump or a data folder. Exit 1 when they differ",
      {{"tenant", "Only this gym or shop", OptionKind::kOptional, "ID"},
       {"A", "A dump or a data folder", OptionKind::kOperand, "PATH"},
       {"B", "The other", OptionKind::kOperand, "PATH"}},
      "tenantry admin diff backup.tnt ./data",
      {server::kExitLocked, server::kExitNotFound, server::kExitCorrupt, server::kExitUnreachable},
      RunDiff};
}

}  // namespace tenantry::tools
