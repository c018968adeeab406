#pragma once
// JsonShape: parts of a JSON text that this server wrote, cut out without making a tree of it.
//
// Shape    FieldSelection: `fields=a,b,sessionType.name` (crosscutting.md D3). Names that do not occur are ignored, `id` is
//          kept in every object that is cut. In an array each element is cut. In a page, an object with a member
//          `pagination`, the selection is about the rows: its arrays are cut and its other members stay.
// Errors   none: what is not JSON of ours comes out as it went in, up to where it stops making sense.
// Threads  const methods from any thread.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tenantry::server {

class FieldSelection {
 public:
  // Of at most kNamesMax names; the rest is ignored.
  static FieldSelection Parse(std::string_view list);
  // Without names everything is kept.
  bool empty() const { return root_.children.empty(); }
  std::string Apply(std::string_view json) const;

 private:
  static constexpr size_t kNamesMax = 100;
  static constexpr size_t kDepthMax = 8;
  // Without children, the whole value.
  struct Node {
    std::string name;
    std::vector<Node> children;
    const Node* Find(std::string_view wanted) const;
  };
  static void AppendCut(const Node& node, std::string_view value, std::string* out);
  static void AppendPage(const Node& node, std::string_view object, std::string* out);
  Node root_;
};

// The elements of a JSON array; false when the text is something else.
bool SplitArray(std::string_view json, std::vector<std::string_view>* elements);

}  // namespace tenantry::server
