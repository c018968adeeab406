#include <utility>

#include "engine/codec/cell_in.h"
#include "engine/codec/json_out.h"
#include "engine/porting/rows.h"
#include "engine/schema/gym.capnp.h"
#include "engine/schema/popups.capnp.h"

namespace tenantry::porting {
namespace {

constexpr size_t kPageRows =
    500;  // Of one look at the store, so that no snapshot is held for long.

// RFC 4180. A text that a spreadsheet would run as a formula gets an apostrophe, which an import takes away again.
void AppendCsvCell(std::string* line, std::string_view text, bool guard) {
  constexpr std::string_view kFormulaStarts = "=+-@\t\r";
  const bool formula =
      guard && !text.empty() && kFormulaStarts.find(text.front()) != std::string_view::npos;
  const bool quoted = text.find_first_of(",\"\r\n") != std::string_view::npos;
  if (quoted) line->push_back('"');
  if (formula) line->push_back('\'');
  for (const char c : text) {
    if (c == '"') line->push_back('"');
    line->push_back(c);
  }
  if (quoted) line->push_back('"');
}

std::string CsvHeader(const schema::StructInfo& info) {
  std::string line;
  for (const schema::FieldInfo& field : info.fields) {
    if (field.internal) continue;
    if (!line.empty()) line += ",";
    line += field.json_name;
  }
  return line + "\r\n";
}

std::string CsvLine(const schema::StructInfo& info, capnp::DynamicStruct::Reader record) {
  std::string line;
  bool first = true;
  for (const schema::FieldInfo& field : info.fields) {
    if (field.internal) continue;
    if (!std::exchange(first, false)) line += ",";
    bool is_null = false;
    const std::string cell = codec::FormatCell(field, record, &is_null);
    AppendCsvCell(&line, cell, field.type == schema::FieldType::kText);
  }
  return line + "\r\n";
}

template <class T>
Result<std::string> LineOf(std::string_view bytes, bool csv) {
  TNT_ASSIGN_OR_RETURN(const codec::Stored<T> record, codec::Stored<T>::Decode(bytes));
  if (csv) return CsvLine(schema::InfoOf<T>(), capnp::DynamicStruct::Reader(*record));
  std::string line;
  codec::AppendObject<T>(&line, *record);
  return line + "\n";
}

using LineMaker = Result<std::string> (*)(std::string_view bytes, bool csv);

LineMaker MakerOf(const RowKind& kind) {
  if (kind.name == "members") return LineOf<schema::GymMember>;
  if (kind.name == "sessions") return LineOf<schema::GymSession>;
  if (kind.name == "bookings") return LineOf<schema::GymBooking>;
  if (kind.name == "subscribers") return LineOf<schema::EmailSubscriber>;
  if (kind.name == "codes") return LineOf<schema::DiscountCode>;
  return LineOf<schema::Popup>;
}

}  // namespace

Status ExportRows(const Engine& engine, const RowKind& kind, const tenant::TenantEntry& tenant,
                  bool csv, const std::function<bool(const std::string&)>& line) {
  const LineMaker make = MakerOf(kind);
  if (csv && !line(CsvHeader(*kind.collection->info))) return Status::Ok();
  std::string after;
  for (bool more = true; more;) {
    more = false;
    size_t rows = 0;
    Status made;
    bool ended = false;
    const SpaceReader space = engine.View().Space(tenant.ref, ReadTier::kBlocking);
    TNT_RETURN_IF_ERROR(space.ScanRecordBytesAfter(
        *kind.collection, after, [&](std::string_view tuple, std::string_view bytes) {
          const Result<std::string> text = make(bytes, csv);
          made = text.status();
          ended = !text.ok() || !line(*text);
          after = tuple;
          more = !ended && ++rows == kPageRows;
          return !ended && !more;
        }));
    TNT_RETURN_IF_ERROR(made);
    if (ended) return Status::Ok();
  }
  return Status::Ok();
}

}  // namespace tenantry::porting
