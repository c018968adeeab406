#include "engine/partition/overlay.h"

#include <vector>

namespace tenantry::partition {
namespace {

// A cursor that can stand on a deleted key.
class Source : public Cursor {
 public:
  virtual bool deleted() const { return false; }
};

// One layer, narrowed to [lower, upper).
class LayerSource final : public Source {
 public:
  using Rows = decltype(Layer::rows);
  LayerSource(const Rows& rows, std::string_view lower, std::string_view upper)
      : first_(rows.lower_bound(lower)),
        end_(lower < upper ? rows.lower_bound(upper) : first_),
        rows_(rows),
        lower_(lower),
        upper_(upper),
        at_(end_) {}

  void SeekToFirst() override { at_ = first_; }
  void SeekToLast() override { at_ = StepBack(end_); }
  void Seek(std::string_view key) override {
    if (key <= lower_) return SeekToFirst();
    at_ = key >= upper_ ? end_ : rows_.lower_bound(key);
  }
  void SeekBefore(std::string_view key) override {
    if (key >= upper_) return SeekToLast();
    at_ = key <= lower_ ? end_ : StepBack(rows_.lower_bound(key));
  }
  void Next() override { ++at_; }
  void Prev() override { at_ = StepBack(at_); }
  bool Valid() const override { return at_ != end_; }
  Status status() const override { return Status::Ok(); }
  std::string_view key() const override { return at_->first; }
  bool deleted() const override { return !at_->second.has_value(); }
  std::string_view value() const override { return *at_->second; }

 private:
  // end_ stands for "before the first" too: both mean not valid.
  Rows::const_iterator StepBack(Rows::const_iterator from) const {
    return from == first_ ? end_ : std::prev(from);
  }

  const Rows::const_iterator first_;
  const Rows::const_iterator end_;
  const Rows& rows_;
  const std::string_view lower_;
  const std::string_view upper_;
  Rows::const_iterator at_;
};

class BaseSource final : public Source {
 public:
  explicit BaseSource(std::unique_ptr<Cursor> cursor) : cursor_(std::move(cursor)) {}
  void SeekToFirst() override { cursor_->SeekToFirst(); }
  void SeekToLast() override { cursor_->SeekToLast(); }
  void Seek(std::string_view key) override { cursor_->Seek(key); }
  void SeekBefore(std::string_view key) override { cursor_->SeekBefore(key); }
  void Next() override { cursor_->Next(); }
  void Prev() override { cursor_->Prev(); }
  bool Valid() const override { return cursor_->Valid(); }
  Status status() const override { return cursor_->status(); }
  std::string_view key() const override { return cursor_->key(); }
  std::string_view value() const override { return cursor_->value(); }

 private:
  const std::unique_ptr<Cursor> cursor_;
};

// Walks all sources in step. Rule: every valid source stands on its first key at or after (forward) or at or before
// (backward) the current key; of those on the current key the newest decides.
class MergedCursor final : public Cursor {
 public:
  MergedCursor(std::span<const Layer* const> layers, std::unique_ptr<Cursor> base,
               std::string_view lower, std::string_view upper)
      : lower_(lower), upper_(upper) {
    for (const Layer* layer : layers) {
      sources_.push_back(std::make_unique<LayerSource>(layer->rows, lower_, upper_));
    }
    sources_.push_back(std::make_unique<BaseSource>(std::move(base)));
  }

  void SeekToFirst() override {
    for (auto& source : sources_) source->SeekToFirst();
    SettleForward();
  }
  void SeekToLast() override {
    for (auto& source : sources_) source->SeekToLast();
    SettleBackward();
  }
  void Seek(std::string_view key) override {
    for (auto& source : sources_) source->Seek(key);
    SettleForward();
  }
  void SeekBefore(std::string_view key) override {
    for (auto& source : sources_) source->SeekBefore(key);
    SettleBackward();
  }
  void Next() override {
    const std::string from(current_->key());
    if (forward_) {
      StepOver(from);
    } else {
      for (auto& source : sources_) {
        source->Seek(from);
        if (source->Valid() && source->key() == from) source->Next();
      }
    }
    SettleForward();
  }
  void Prev() override {
    const std::string from(current_->key());
    if (forward_) {
      for (auto& source : sources_) source->SeekBefore(from);
    } else {
      StepOver(from);
    }
    SettleBackward();
  }
  bool Valid() const override { return current_ != nullptr; }
  Status status() const override { return sources_.back()->status(); }
  std::string_view key() const override { return current_->key(); }
  std::string_view value() const override { return current_->value(); }

 private:
  void StepOver(std::string_view key) {
    for (auto& source : sources_) {
      if (!source->Valid() || source->key() != key) continue;
      forward_ ? source->Next() : source->Prev();
    }
  }
  void SettleForward() {
    forward_ = true;
    Settle([](std::string_view a, std::string_view b) { return a < b; });
  }
  void SettleBackward() {
    forward_ = false;
    Settle([](std::string_view a, std::string_view b) { return a > b; });
  }
  // Finds the nearest key, the newest source on it, and passes over deleted ones.
  template <class Nearer>
  void Settle(Nearer nearer) {
    for (;;) {
      current_ = nullptr;
      for (auto& source : sources_) {
        if (!source->Valid()) continue;
        if (current_ == nullptr || nearer(source->key(), current_->key())) current_ = source.get();
      }
      // After an error of the snapshot an answer from the layers alone would be wrong.
      if (!status().ok()) current_ = nullptr;
      if (current_ == nullptr || !current_->deleted()) return;
      StepOver(std::string(current_->key()));
    }
  }

  const std::string lower_;
  const std::string upper_;
  std::vector<std::unique_ptr<Source>> sources_;  // Newest first; the snapshot last.
  Source* current_ = nullptr;
  bool forward_ = true;
};

}  // namespace

const std::optional<std::string>* FindInLayers(std::span<const Layer* const> layers,
                                               std::string_view key) {
  for (const Layer* layer : layers) {
    const auto row = layer->rows.find(key);
    if (row != layer->rows.end()) return &row->second;
  }
  return nullptr;
}

Status TakeRow(const std::optional<std::string>& row, std::string* value) {
  if (!row) return NotFound("no such key");
  *value = *row;
  return Status::Ok();
}

Status LayeredReader::Get(std::string_view key, std::string* value) const {
  const std::optional<std::string>* row = FindInLayers(layers_, key);
  return row != nullptr ? TakeRow(*row, value) : base_.Get(key, value);
}

std::unique_ptr<Cursor> LayeredReader::Scan(std::string_view lower, std::string_view upper) const {
  std::vector<const Layer*> in_range;
  for (const Layer* layer : layers_) {
    const auto first = layer->rows.lower_bound(lower);
    if (first != layer->rows.end() && first->first < upper) in_range.push_back(layer);
  }
  std::unique_ptr<Cursor> base = base_.Scan(lower, upper);
  if (in_range.empty()) return base;
  return std::make_unique<MergedCursor>(in_range, std::move(base), lower, upper);
}

}  // namespace tenantry::partition
