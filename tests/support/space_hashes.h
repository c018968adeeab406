#pragma once
// HashText: what a view shows of every space, a line each: space, rows, hash. Equal texts mean equal rows.

#include <string>

#include <gtest/gtest.h>

#include "engine/engine.h"

namespace tenantry {

inline std::string HashText(const ReadView& view) {
  const Result<std::vector<SpaceHash>> spaces = view.HashSpaces();
  EXPECT_TRUE(spaces.ok()) << spaces.status().ToString();
  std::string text;
  for (const SpaceHash& space : *spaces) {
    text += std::to_string(space.space.value()) + " " + std::to_string(space.rows) + " " +
            std::to_string(space.hash.high) + " " + std::to_string(space.hash.low) + "\n";
  }
  return text;
}

}  // namespace tenantry
