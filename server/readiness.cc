#include "server/readiness.h"

#include <utility>

namespace tenantry::server {

void Readiness::Add(std::string name, std::function<State()> check) {
  MutexLock lock(mutex_);
  entries_.push_back({std::move(name), std::move(check)});
}

Readiness::Report Readiness::Look() const {
  std::vector<Entry> entries;
  {
    MutexLock lock(mutex_);
    entries = entries_;  // Checks may take locks of their own.
  }
  Report report;
  const bool draining = draining_.load(std::memory_order_relaxed);
  report.checks.push_back({"accepting", {!draining, draining ? "shutting down" : ""}});
  for (const Entry& entry : entries) report.checks.push_back({entry.name, entry.check()});
  for (const Check& check : report.checks) report.ready = report.ready && check.state.ok;
  return report;
}

std::string Readiness::Report::ToText() const {
  std::string text;
  for (const Check& check : checks) {
    text.append(check.state.ok ? "[+] " : "[-] ").append(check.name);
    text.append(check.state.ok ? " ok" : " failed");
    if (!check.state.detail.empty()) text.append(": ").append(check.state.detail);
    text.push_back('\n');
  }
  text.append(ready ? "ready\n" : "not ready\n");
  return text;
}

}  // namespace tenantry::server
