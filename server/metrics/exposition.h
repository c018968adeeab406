#pragma once
// Exposition: writes the Prometheus text format, version 0.0.4.
//
// Shape    a family (name, type, help) and then all of its samples; families never interleave.
// Units    base units in names: _seconds, _bytes, _total for counters.
// Errors   none; label values are escaped, a name that is declared twice stops a debug build.
// Threads  one at a time.

#include <cstdint>
#include <initializer_list>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace tenantry::metrics {

enum class Type : uint8_t { kCounter, kGauge, kHistogram };

using Label = std::pair<std::string_view, std::string_view>;
using Labels = std::initializer_list<Label>;

class Exposition {
 public:
  // Starts a family; all samples until the next call belong to it.
  void Family(std::string_view name, Type type, std::string_view help);
  void Sample(Labels labels, uint64_t value);
  void Sample(Labels labels, double value);
  // `counts` has one more element than `bounds` (the last is +Inf); not cumulative.
  void Histogram(Labels labels, std::span<const double> bounds, std::span<const uint64_t> counts,
                 double sum);

  // A family of one sample without labels.
  void Counter(std::string_view name, std::string_view help, uint64_t value);
  void Gauge(std::string_view name, std::string_view help, uint64_t value);
  void Gauge(std::string_view name, std::string_view help, double value);

  std::string Take() { return std::move(text_); }

 private:
  void Start(std::string_view suffix, Labels labels, Label extra);

  std::string text_;
  std::string family_;
  std::set<std::string, std::less<>> families_;
};

}  // namespace tenantry::metrics
