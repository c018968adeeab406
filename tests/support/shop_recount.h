#pragma once
// ShopRecount: what the counters and sketches of a shop must hold, by counting its records again.
//
// Shape    one line for every value that differs: totals, quarter hours, months, subscribers, sketches of
//          popups and shop, breakdowns by day. Empty when all agree.
// Threads  those of the reader.

#include <string>
#include <vector>

#include "engine/space_reader.h"

namespace tenantry {

struct RecountOptions {
  // Months keep what deleted popups counted, which no record tells any more.
  bool popups_were_deleted = false;
};

std::vector<std::string> RecountShop(const SpaceReader& shop, const RecountOptions& options = {});

}  // namespace tenantry
