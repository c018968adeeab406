#include "server/json_shape.h"

#include <algorithm>

namespace tenantry::server {
namespace {

bool IsSpace(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

void SkipSpace(std::string_view* in) {
  while (!in->empty() && IsSpace(in->front())) in->remove_prefix(1);
}

bool TakeChar(std::string_view* in, char c) {
  SkipSpace(in);
  if (in->empty() || in->front() != c) return false;
  in->remove_prefix(1);
  return true;
}

// Length of the string at the front, quotes included.
size_t StringLength(std::string_view in) {
  for (size_t i = 1; i < in.size(); ++i) {
    if (in[i] == '\\') {
      ++i;
    } else if (in[i] == '"') {
      return i + 1;
    }
  }
  return in.size();
}

// Takes one value of any kind off the front, without its inner structure being looked at.
std::string_view TakeValue(std::string_view* in) {
  SkipSpace(in);
  size_t depth = 0;
  size_t i = 0;
  while (i < in->size()) {
    const char c = (*in)[i];
    if (c == '"') {
      i += StringLength(in->substr(i));
      if (depth == 0) break;
      continue;
    }
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') {
      if (depth == 0) break;
      if (--depth == 0) {
        ++i;
        break;
      }
    }
    if (depth == 0 && (c == ',' || IsSpace(c))) break;
    ++i;
  }
  const std::string_view value = in->substr(0, i);
  in->remove_prefix(i);
  return value;
}

// The members of an object in order: key without its quotes, and value.
using Members = std::vector<std::pair<std::string_view, std::string_view>>;
bool SplitObject(std::string_view json, Members* members) {
  if (!TakeChar(&json, '{')) return false;
  if (TakeChar(&json, '}')) return true;
  do {
    const std::string_view key = TakeValue(&json);
    if (key.size() < 2 || !TakeChar(&json, ':')) return false;
    const std::string_view value = TakeValue(&json);
    members->emplace_back(key.substr(1, key.size() - 2), value);
  } while (TakeChar(&json, ','));
  return TakeChar(&json, '}');
}

void AppendKey(std::string_view key, std::string* out) {
  if (out->back() != '{') out->push_back(',');
  out->append("\"").append(key).append("\":");
}

}  // namespace

bool SplitArray(std::string_view json, std::vector<std::string_view>* elements) {
  if (!TakeChar(&json, '[')) return false;
  if (TakeChar(&json, ']')) return true;
  do {
    elements->push_back(TakeValue(&json));
  } while (TakeChar(&json, ','));
  return TakeChar(&json, ']');
}

const FieldSelection::Node* FieldSelection::Node::Find(std::string_view wanted) const {
  const auto found = std::find_if(children.begin(), children.end(),
                                  [wanted](const auto& child) { return child.name == wanted; });
  return found == children.end() ? nullptr : &*found;
}

FieldSelection FieldSelection::Parse(std::string_view list) {
  FieldSelection selection;
  for (size_t names = 0; !list.empty() && names < kNamesMax; ++names) {
    std::string_view path = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), path.size() + 1));
    while (!path.empty() && IsSpace(path.front())) path.remove_prefix(1);
    while (!path.empty() && IsSpace(path.back())) path.remove_suffix(1);
    Node* node = &selection.root_;
    for (size_t depth = 0; !path.empty() && depth < kDepthMax; ++depth) {
      const std::string_view name = path.substr(0, path.find('.'));
      path.remove_prefix(std::min(path.size(), name.size() + 1));
      const bool whole_already = node != &selection.root_ && node->Find("") != nullptr;
      if (whole_already) break;
      const Node* known = node->Find(name);
      if (known == nullptr) {
        node->children.push_back({std::string(name), {}});
        known = &node->children.back();
      }
      node = const_cast<Node*>(known);
    }
    // `a,a.b` and `a.b,a` both ask for all of a: an empty name stands for the whole.
    if (node != &selection.root_ && node->Find("") == nullptr) {
      node->children.push_back({});
    }
  }
  return selection;
}

void FieldSelection::AppendCut(const Node& node, std::string_view value, std::string* out) {
  if (node.Find("") != nullptr) {
    out->append(value);
    return;
  }
  std::vector<std::string_view> elements;
  if (SplitArray(value, &elements)) {
    out->push_back('[');
    for (const std::string_view element : elements) {
      if (out->back() != '[') out->push_back(',');
      AppendCut(node, element, out);
    }
    out->push_back(']');
    return;
  }
  Members members;
  if (!SplitObject(value, &members)) {
    out->append(value);
    return;
  }
  out->push_back('{');
  for (const auto& [key, member] : members) {
    const Node* wanted = node.Find(key);
    if (wanted == nullptr && key != "id") continue;
    AppendKey(key, out);
    wanted != nullptr ? AppendCut(*wanted, member, out) : void(out->append(member));
  }
  out->push_back('}');
}

void FieldSelection::AppendPage(const Node& node, std::string_view object, std::string* out) {
  Members members;
  SplitObject(object, &members);
  out->push_back('{');
  for (const auto& [key, member] : members) {
    AppendKey(key, out);
    member.starts_with('[') ? AppendCut(node, member, out) : void(out->append(member));
  }
  out->push_back('}');
}

std::string FieldSelection::Apply(std::string_view json) const {
  std::string out;
  out.reserve(json.size());
  Members members;
  const bool page = SplitObject(json, &members) &&
                    std::any_of(members.begin(), members.end(),
                                [](const auto& member) { return member.first == "pagination"; });
  page ? AppendPage(root_, json, &out) : AppendCut(root_, json, &out);
  return out;
}

}  // namespace tenantry::server
