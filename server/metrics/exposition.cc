#include "server/metrics/exposition.h"

#include <cmath>
#include <iterator>

#include <fmt/format.h>

#include "engine/base/check.h"

namespace tenantry::metrics {
namespace {

std::string_view TypeName(Type type) {
  switch (type) {
    case Type::kCounter:
      return "counter";
    case Type::kGauge:
      return "gauge";
    case Type::kHistogram:
      break;
  }
  return "histogram";
}

void AppendEscaped(std::string* out, std::string_view text, bool quotes) {
  for (const char c : text) {
    if (c == '\\') {
      out->append("\\\\");
    } else if (c == '\n') {
      out->append("\\n");
    } else if (c == '"' && quotes) {
      out->append("\\\"");
    } else {
      out->push_back(c);
    }
  }
}

void AppendNumber(std::string* out, double value) {
  if (std::isnan(value)) {
    out->append("NaN");
  } else if (std::isinf(value)) {
    out->append(value > 0 ? "+Inf" : "-Inf");
  } else {
    fmt::format_to(std::back_inserter(*out), "{}", value);
  }
}

}  // namespace

void Exposition::Family(std::string_view name, Type type, std::string_view help) {
  family_ = name;
  [[maybe_unused]] const bool is_new = families_.emplace(name).second;
  TNT_DCHECK(is_new);
  text_.append("# HELP ").append(name).append(" ");
  AppendEscaped(&text_, help, false);
  text_.append("\n# TYPE ").append(name).append(" ").append(TypeName(type)).append("\n");
}

void Exposition::Start(std::string_view suffix, Labels labels, Label extra) {
  text_.append(family_).append(suffix);
  const size_t open = text_.size();
  const auto add = [&](const Label& label) {
    if (label.first.empty()) return;
    text_.push_back(text_.size() == open ? '{' : ',');
    text_.append(label.first).append("=\"");
    AppendEscaped(&text_, label.second, true);
    text_.push_back('"');
  };
  for (const Label& label : labels) add(label);
  add(extra);
  text_.append(text_.size() == open ? " " : "} ");
}

void Exposition::Sample(Labels labels, uint64_t value) {
  Start("", labels, {});
  text_.append(std::to_string(value)).push_back('\n');
}

void Exposition::Sample(Labels labels, double value) {
  Start("", labels, {});
  AppendNumber(&text_, value);
  text_.push_back('\n');
}

void Exposition::Histogram(Labels labels, std::span<const double> bounds,
                           std::span<const uint64_t> counts, double sum) {
  TNT_CHECK(counts.size() == bounds.size() + 1);
  uint64_t total = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    total += counts[i];
    std::string bound = "+Inf";
    if (i < bounds.size()) {
      bound.clear();
      AppendNumber(&bound, bounds[i]);
    }
    Start("_bucket", labels, {"le", bound});
    text_.append(std::to_string(total)).push_back('\n');
  }
  Start("_sum", labels, {});
  AppendNumber(&text_, sum);
  text_.push_back('\n');
  Start("_count", labels, {});
  text_.append(std::to_string(total)).push_back('\n');
}

void Exposition::Counter(std::string_view name, std::string_view help, uint64_t value) {
  Family(name, Type::kCounter, help);
  Sample({}, value);
}

void Exposition::Gauge(std::string_view name, std::string_view help, uint64_t value) {
  Family(name, Type::kGauge, help);
  Sample({}, value);
}

void Exposition::Gauge(std::string_view name, std::string_view help, double value) {
  Family(name, Type::kGauge, help);
  Sample({}, value);
}

}  // namespace tenantry::metrics
