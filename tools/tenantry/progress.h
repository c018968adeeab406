#pragma once
// Progress: how far a long command is, on stderr: a bar with rate and time left on a terminal, else one JSON object per line and
// second. Nothing for what ends within a second.
//
// Threads  one at a time.

#include <cstdint>
#include <string>

#include "server/admin/admin_commands.h"

namespace tenantry::tools {

class Progress {
 public:
  explicit Progress(bool quiet);
  ~Progress();  // Ends the line of the bar.
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // Always true: who does not want to wait stops the process.
  bool Report(const server::AdminProgress& progress);
  server::ReportProgress Reporter() {
    return [this](const server::AdminProgress& progress) { return Report(progress); };
  }

 private:
  void ShowBar(const server::AdminProgress& progress, double rate);
  void ShowLine(const server::AdminProgress& progress, double rate) const;

  const bool quiet_;
  const bool terminal_;
  std::string phase_;
  int64_t phase_began_ns_ = 0;
  int64_t shown_ns_ = 0;
  bool bar_open_ = false;
};

}  // namespace tenantry::tools
