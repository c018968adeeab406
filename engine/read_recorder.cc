#include "engine/read_recorder.h"

#include <algorithm>

namespace tenantry {
namespace {

thread_local ReadRecorder* current = nullptr;

void SortAndDropRepeats(std::vector<uint32_t>* slots) {
  std::sort(slots->begin(), slots->end());
  slots->erase(std::unique(slots->begin(), slots->end()), slots->end());
}

}  // namespace

ReadRecorder::ReadRecorder() : outer_(current) {
  current = this;
}
ReadRecorder::~ReadRecorder() {
  current = outer_;
}

bool ReadRecorder::Active() {
  return current != nullptr;
}
void ReadRecorder::NoteRows(uint32_t slot) {
  if (current != nullptr) current->Note(&current->rows_, slot);
}
void ReadRecorder::NoteCounters(uint32_t slot) {
  if (current != nullptr) current->Note(&current->counters_, slot);
}
void ReadRecorder::NoteClock() {
  if (current != nullptr) current->clock_read_ = true;
}
void ReadRecorder::AnswerChangesAt(int64_t unix_ms) {
  if (current == nullptr) return;
  int64_t& changes_at = current->changes_at_;
  changes_at = changes_at == kUnknown ? unix_ms : std::min(changes_at, unix_ms);
}
void ReadRecorder::DoNotKeep() {
  if (current != nullptr) current->keep_ = false;
}

// A scan notes the same few slots again and again, so repeats are dropped before the list grows.
void ReadRecorder::Note(std::vector<uint32_t>* slots, uint32_t slot) {
  constexpr size_t kLookBack = 8;
  const size_t recent = std::min(slots->size(), kLookBack);
  if (std::find(slots->end() - static_cast<std::ptrdiff_t>(recent), slots->end(), slot) !=
      slots->end()) {
    return;
  }
  if (slots->size() == slots->capacity()) SortAndDropRepeats(slots);
  if (slots->size() >= kSlotsMax) {
    keep_ = false;
    return;
  }
  slots->push_back(slot);
}

void ReadRecorder::Finish() {
  SortAndDropRepeats(&rows_);
  SortAndDropRepeats(&counters_);
}

}  // namespace tenantry
