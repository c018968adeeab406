#pragma once
// RowsUndo: the notes that let an import of rows be taken back. Private to this folder.
//
// Shape    meta rows of the tenant's space: "import/TOKEN" holds "KIND LAST", and "import/TOKEN/N" the id that row N added.
//          They go with the undo.

#include <string>
#include <string_view>

#include "engine/transaction.h"

namespace tenantry::porting {

struct AddedRow {
  std::string_view token;
  std::string_view kind;
  std::string_view number;  // Of the row in its run, from 1, rising.
  std::string_view id;
};
Status NoteAdded(SpaceWriter& space, const AddedRow& row);

}  // namespace tenantry::porting
