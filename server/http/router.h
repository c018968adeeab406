#pragma once
// Router: which route answers a method and a path.
//
// Shape    a trie over path segments. A literal segment beats a parameter, whatever the order of
// the table; literals
//          ignore ASCII case; one trailing slash is forgiven; parameters match one non-empty
//          segment and arrive percent-decoded. HEAD is answered by GET's row unless it has its own.
// Errors   Build() refuses bad templates and any row that could never be reached.
// Threads  immutable after Build(): any thread.
// Owns     its nodes. Borrows the routes, which must outlive it.

#include <array>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "server/http/route.h"

namespace tenantry::http {

// Several methods, as one row of bits.
class MethodSet {
 public:
  void Add(Method method) { bits_ |= Bit(method); }
  void Add(MethodSet other) { bits_ |= other.bits_; }
  bool Contains(Method method) const { return (bits_ & Bit(method)) != 0; }
  bool empty() const { return bits_ == 0; }
  // "GET, HEAD, POST": the value of an Allow header.
  std::string ToString() const;

 private:
  static constexpr uint8_t Bit(Method method) {
    return static_cast<uint8_t>(1u << static_cast<unsigned>(method));
  }
  uint8_t bits_ = 0;
};

struct RouteMatch {
  const Route* route = nullptr;  // Null when nothing matched.
  // When nothing matched: the methods this path has. Empty means the path is unknown.
  MethodSet allowed;
};

class Router {
 public:
  static Result<Router> Build(std::span<const Route> routes);

  // `path` is percent-encoded, without the query string. Fills `params` when a route is found.
  RouteMatch Match(Method method, std::string_view path, PathParams* params) const;

 private:
  static constexpr size_t kSegmentsMax = 16;
  static constexpr size_t kMethods = static_cast<size_t>(Method::kOther);

  struct Node {
    std::vector<std::pair<std::string, std::unique_ptr<Node>>> literals;  // Lower case.
    std::unique_ptr<Node> parameter;
    std::array<const Route*, kMethods> routes{};
  };
  struct Search;

  Status Add(const Route& route);
  static void Walk(const Node& node, size_t depth, size_t params, Search* search);

  std::unique_ptr<Node> root_ = std::make_unique<Node>();
};

}  // namespace tenantry::http
