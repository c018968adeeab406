#pragma once
// ReadRecorder: what an answer was built from, noted while it is built, so that a cache can tell whether it still holds.
//
// While a recorder lives, every read that its thread makes through a SpaceReader is noted in it, and so is every look at
// Engine::clock(). An answer that depends on the time must say until when it holds, with AnswerChangesAt(); one that looked
// at the clock and did not say so counts as not reusable. Forgetting costs hits, never freshness.
//
// Shape    slots of the engine's change table; Engine::UnchangedSince() reads them.
// Units    Unix milliseconds.
// Threads  its own. Recorders nest; the innermost one notes.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace tenantry {

class ReadRecorder {
 public:
  // An instant that never comes: the time was looked at, but no passing of time changes the answer.
  static constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

  ReadRecorder();
  ~ReadRecorder();
  ReadRecorder(const ReadRecorder&) = delete;
  ReadRecorder& operator=(const ReadRecorder&) = delete;

  // Whether the calling thread has one.
  static bool Active();
  // Each does nothing on a thread without one.
  static void NoteRows(uint32_t slot);
  static void NoteCounters(uint32_t slot);
  static void NoteClock();
  // What is being built holds until `unix_ms` as far as time alone is concerned; the earliest of several calls counts.
  static void AnswerChangesAt(int64_t unix_ms);
  // What is being built is not worth keeping, such as an answer about a tenant that does not exist.
  static void DoNotKeep();

  // Sorts what was noted; then the accessors tell.
  void Finish();
  bool reusable() const { return keep_ && (!clock_read_ || changes_at_ != kUnknown); }
  bool depends_on_time() const { return changes_at_ != kUnknown && changes_at_ != kNever; }
  int64_t changes_at_unix_ms() const { return changes_at_; }
  const std::vector<uint32_t>& rows() const { return rows_; }
  const std::vector<uint32_t>& counters() const { return counters_; }

 private:
  // Beyond this an answer costs more to prove than it is worth.
  static constexpr size_t kSlotsMax = 8192;
  static constexpr int64_t kUnknown = std::numeric_limits<int64_t>::min();
  void Note(std::vector<uint32_t>* slots, uint32_t slot);

  ReadRecorder* const outer_;
  std::vector<uint32_t> rows_;
  std::vector<uint32_t> counters_;
  int64_t changes_at_ = kUnknown;
  bool clock_read_ = false;
  bool keep_ = true;
};

}  // namespace tenantry
