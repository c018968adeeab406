#pragma once
// PopupsImport: the tables of the original popup shop. Private to this folder.
//
// Shape    popups_import.cc: the order, shops, popups and what is set up by hand. popups_events.cc: what visitors did.
//          View counts are those of the rows; the counts that the source kept beside them are compared and reported (F34).

#include <map>
#include <string>

#include "engine/popups/tracking.h"
#include "engine/porting/import.h"
#include "engine/porting/row_batch.h"
#include "engine/porting/row_record.h"

namespace tenantry::porting {

Result<bool> AddPopup(Transaction& tx, const RowView& row);
Result<bool> AddAbGroup(Transaction& tx, const RowView& row);
Result<bool> AddCode(Transaction& tx, const RowView& row);
Result<bool> AddSubscriber(Transaction& tx, const RowView& row);
Result<bool> AddCart(Transaction& tx, const RowView& row);
Result<bool> AddRecovery(Transaction& tx, const RowView& row);
Result<bool> AddShopPlan(Transaction& tx, const RowView& row);

// kInvalidArgument for a row that makes no event.
Result<popups::Event> ViewOf(const RowView& row);
Result<popups::Event> ConversionOf(const RowView& row);

// Which column of the original's tables is which field.
std::span<const ColumnField> PopupColumns();
std::span<const ColumnField> CodeColumns();
std::span<const ColumnField> SubscriberColumns();

class PopupsImport final : public Import {
 public:
  explicit PopupsImport(Engine& engine) : engine_(engine), batch_(engine, report_) {}

  Status Add(const SourceTable& table, SourceRow row) override;
  Status Finish() override;

  // Either `plan` or `event` is set, or neither: then a row only makes its shop.
  struct Stage {
    TableSpec spec;
    Result<bool> (*plan)(Transaction&, const RowView&) = nullptr;
    Result<popups::Event> (*event)(const RowView&) = nullptr;
    std::optional<schema::ReferenceKind> reference = {};  // Its ids lead to their shop.
  };
  static const std::vector<Stage>& Stages();

 private:
  static const Stage* FindStage(std::string_view table);

  Status Flush();
  Result<TenantRef> ShopOfGroup(const Stage& stage);
  Status RunEvents(const Stage& stage, const TenantRef& shop);
  Status CompareViewCounts();

  Engine& engine_;
  RowBatch batch_;
  SourceTable table_;
  std::string group_;
  std::map<std::string, int64_t> view_counts_;  // As the source had them, by popup.
};

}  // namespace tenantry::porting
