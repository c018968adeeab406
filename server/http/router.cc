#include "server/http/router.h"

#include <algorithm>

#include "server/http/text.h"

namespace tenantry::http {
namespace {

std::string Lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), LowerAscii);
  return out;
}

bool IsLiteral(std::string_view segment) {
  return !segment.empty() && std::all_of(segment.begin(), segment.end(), [](char c) {
    return IsAlphanumeric(c) || c == '-' || c == '_' || c == '.' || c == '~';
  });
}

Status Bad(const Route& route, std::string_view why) {
  return InvalidArgument("route " + std::string(route.name) + " (" +
                         std::string(MethodName(route.method)) + " " + std::string(route.path) +
                         "): " + std::string(why));
}

}  // namespace

std::string MethodSet::ToString() const {
  std::string out;
  for (uint8_t i = 0; i < static_cast<uint8_t>(Method::kOther); ++i) {
    const Method method = static_cast<Method>(i);
    if (!Contains(method)) continue;
    if (!out.empty()) out += ", ";
    out += MethodName(method);
  }
  return out;
}

Result<Router> Router::Build(std::span<const Route> routes) {
  Router router;
  for (const Route& route : routes) TNT_RETURN_IF_ERROR(router.Add(route));
  return router;
}

Status Router::Add(const Route& route) {
  if (route.method == Method::kOther) return Bad(route, "this method cannot be routed");
  if (!route.path.starts_with('/')) return Bad(route, "the path must start with a slash");
  Node* node = root_.get();
  std::string_view rest = route.path.substr(1);
  size_t segments = 0;
  size_t params = 0;
  while (!rest.empty()) {
    const size_t slash = rest.find('/');
    const std::string_view segment = rest.substr(0, slash);
    if (slash != std::string_view::npos && slash + 1 == rest.size()) {
      return Bad(route, "the path must not end in a slash");
    }
    rest = slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
    if (++segments > kSegmentsMax) return Bad(route, "the path has too many segments");
    if (segment.starts_with(':')) {
      if (!IsLiteral(segment.substr(1))) return Bad(route, "a parameter needs a plain name");
      if (++params > PathParams::kMax) return Bad(route, "the path has too many parameters");
      if (!node->parameter) node->parameter = std::make_unique<Node>();
      node = node->parameter.get();
      continue;
    }
    if (!IsLiteral(segment)) return Bad(route, "a segment is empty or has odd characters");
    const std::string key = Lower(segment);
    const auto found = std::find_if(node->literals.begin(), node->literals.end(),
                                    [&](const auto& child) { return child.first == key; });
    if (found != node->literals.end()) {
      node = found->second.get();
    } else {
      node = node->literals.emplace_back(key, std::make_unique<Node>()).second.get();
    }
  }
  const Route*& row = node->routes[static_cast<size_t>(route.method)];
  if (row != nullptr) {
    return Bad(route,
               "shadowed by " + std::string(row->name) + " (" + std::string(row->path) + ")");
  }
  row = &route;
  return Status::Ok();
}

struct Router::Search {
  Method method;
  std::array<std::string_view, kSegmentsMax> segments;
  size_t count = 0;
  std::array<std::string_view, PathParams::kMax> params;
  size_t params_found = 0;
  RouteMatch match;
};

// Tries the literal child before the parameter. Every node stands for one prefix, so each is
// visited at most once.
void Router::Walk(const Node& node, size_t depth, size_t params, Search* search) {
  if (depth == search->count) {
    const auto row = [&](Method method) { return node.routes[static_cast<size_t>(method)]; };
    const Route* route = row(search->method);
    if (!route && search->method == Method::kHead) route = row(Method::kGet);
    if (route) {
      search->match.route = route;
      search->params_found = params;
      return;
    }
    for (size_t i = 0; i < kMethods; ++i) {
      if (node.routes[i]) search->match.allowed.Add(static_cast<Method>(i));
    }
    if (row(Method::kGet)) search->match.allowed.Add(Method::kHead);
    return;
  }
  const std::string_view segment = search->segments[depth];
  const bool encoded = segment.find('%') != std::string_view::npos;
  const std::string decoded = encoded ? PercentDecode(segment, false) : std::string();
  const std::string_view literal = encoded ? std::string_view(decoded) : segment;
  for (const auto& [name, child] : node.literals) {
    if (!EqualsIgnoreCase(name, literal)) continue;
    Walk(*child, depth + 1, params, search);
    if (search->match.route) return;
    break;
  }
  if (node.parameter && !segment.empty()) {
    search->params[params] = segment;
    Walk(*node.parameter, depth + 1, params + 1, search);
  }
}

RouteMatch Router::Match(Method method, std::string_view path, PathParams* params) const {
  params->count = 0;
  Search search{};
  search.method = method;
  if (method == Method::kOther || !path.starts_with('/')) return {};
  path.remove_prefix(1);
  if (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  while (!path.empty()) {
    if (search.count == kSegmentsMax) return {};
    const size_t slash = std::min(path.find('/'), path.size());
    search.segments[search.count++] = path.substr(0, slash);
    if (slash + 1 == path.size()) return {};  // Two slashes at the end.
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  Walk(*root_, 0, 0, &search);
  if (!search.match.route) return search.match;
  params->count = search.params_found;
  for (size_t i = 0; i < search.params_found; ++i) {
    const std::string_view raw = search.params[i];
    if (raw.find('%') == std::string_view::npos) {
      params->values[i].assign(raw);
    } else {
      params->values[i] = PercentDecode(raw, false);
    }
  }
  return search.match;
}

}  // namespace tenantry::http
