#include "tools/rows/row_file.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace tenantry::rows {
namespace {

using nlohmann::json;

// Strict enough for what a client is shown later: no overlong forms, no surrogates.
bool IsUtf8(std::string_view text) {
  const json probe = std::string(text);
  try {
    static_cast<void>(probe.dump());
  } catch (const json::exception&) {
    return false;
  }
  return true;
}

class CsvFile final : public RowFile {
 public:
  explicit CsvFile(std::istream& in) : in_(in) {}

  Status ReadHeader() {
    Cells header;
    TNT_ASSIGN_OR_RETURN(const bool any, ReadRecord(&header));
    if (!any) return InvalidArgument("the file is empty: its first line names the columns");
    for (const auto& cell : header) columns_.push_back(cell.value_or(""));
    // What spreadsheets put in front of UTF-8.
    if (columns_.front().starts_with("\xEF\xBB\xBF")) columns_.front().erase(0, 3);
    return Status::Ok();
  }

  Result<bool> Next(Cells* cells) override {
    TNT_ASSIGN_OR_RETURN(const bool any, ReadRecord(cells));
    if (!any) return false;
    if (cells->size() != columns_.size()) {
      return InvalidArgument(fmt::format("line {}: {} cells, but {} columns", record_line_,
                                         cells->size(), columns_.size()));
    }
    return true;
  }

 private:
  Status Put(std::string* cell, bool was_quoted, Cells* cells) const {
    if (!IsUtf8(*cell)) {
      return InvalidArgument(fmt::format("line {}: text that is not UTF-8", record_line_));
    }
    constexpr std::string_view kFormulaStarts = "=+-@\t\r";
    const bool guarded = cell->size() > 1 && cell->front() == '\'' &&
                         kFormulaStarts.find((*cell)[1]) != std::string_view::npos;
    if (guarded) cell->erase(0, 1);
    if (cell->empty() && !was_quoted) {
      cells->emplace_back();
    } else {
      cells->emplace_back(std::exchange(*cell, {}));
    }
    return Status::Ok();
  }

  // Empty lines between records are nothing.
  Result<bool> ReadRecord(Cells* cells) {
    cells->clear();
    std::string cell;
    bool quoted = false;
    bool was_quoted = false;
    record_line_ = line_;
    for (int c = in_.get(); c != std::istream::traits_type::eof(); c = in_.get()) {
      if (c == '\n') ++line_;
      if (quoted) {
        if (c != '"') {
          cell.push_back(static_cast<char>(c));
        } else if (in_.peek() == '"') {
          cell.push_back(static_cast<char>(in_.get()));
        } else {
          quoted = false;
        }
        continue;
      }
      if (c == '"') {
        if (!cell.empty() || was_quoted) {
          return InvalidArgument(
              fmt::format("line {}: a quote inside a cell that is not quoted", record_line_));
        }
        quoted = was_quoted = true;
      } else if (c == ',') {
        TNT_RETURN_IF_ERROR(Put(&cell, std::exchange(was_quoted, false), cells));
      } else if (c == '\n') {
        if (cell.ends_with('\r')) cell.pop_back();
        if (cells->empty() && cell.empty() && !was_quoted) {
          record_line_ = line_;
          continue;
        }
        TNT_RETURN_IF_ERROR(Put(&cell, was_quoted, cells));
        return true;
      } else {
        cell.push_back(static_cast<char>(c));
      }
    }
    if (quoted) return InvalidArgument(fmt::format("line {}: a quote has no end", record_line_));
    if (cells->empty() && cell.empty() && !was_quoted) return false;
    TNT_RETURN_IF_ERROR(Put(&cell, was_quoted, cells));
    return true;
  }

  std::istream& in_;
  uint64_t line_ = 1;
  uint64_t record_line_ = 1;
};

class JsonLinesFile final : public RowFile {
 public:
  explicit JsonLinesFile(std::istream& in) : in_(in) {}

  Status ReadFirst() {
    TNT_ASSIGN_OR_RETURN(const bool any, ReadObject());
    if (!any) return InvalidArgument("the file is empty");
    for (const auto& [name, value] : object_.items()) columns_.push_back(name);
    first_ = true;
    return Status::Ok();
  }

  Result<bool> Next(Cells* cells) override {
    if (!std::exchange(first_, false)) {
      TNT_ASSIGN_OR_RETURN(const bool any, ReadObject());
      if (!any) return false;
    }
    cells->assign(columns_.size(), std::nullopt);
    for (const auto& [name, value] : object_.items()) {
      const auto at = std::find(columns_.begin(), columns_.end(), name);
      if (at == columns_.end()) {
        return InvalidArgument(fmt::format(
            "line {}: '{}' is not in the first line, which names the columns", line_, name));
      }
      if (value.is_null()) continue;
      (*cells)[static_cast<size_t>(at - columns_.begin())] =
          value.is_string() ? value.get<std::string>() : value.dump();
    }
    return true;
  }

 private:
  Result<bool> ReadObject() {
    std::string text;
    do {
      if (!std::getline(in_, text)) return false;
      ++line_;
    } while (text.empty() || text == "\r");
    object_ = json::parse(text, nullptr, false);
    if (!object_.is_object()) {
      return InvalidArgument(fmt::format("line {}: no JSON object", line_));
    }
    return true;
  }

  std::istream& in_;
  json object_;
  bool first_ = false;
  uint64_t line_ = 0;
};

}  // namespace

Result<std::unique_ptr<RowFile>> RowFile::OpenCsv(std::istream& in) {
  auto file = std::make_unique<CsvFile>(in);
  TNT_RETURN_IF_ERROR(file->ReadHeader());
  return std::unique_ptr<RowFile>(std::move(file));
}

Result<std::unique_ptr<RowFile>> RowFile::OpenJsonLines(std::istream& in) {
  auto file = std::make_unique<JsonLinesFile>(in);
  TNT_RETURN_IF_ERROR(file->ReadFirst());
  return std::unique_ptr<RowFile>(std::move(file));
}

}  // namespace tenantry::rows
