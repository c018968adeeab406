#include "engine/base/status.h"

#include <memory>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "engine/base/result.h"

namespace tenantry {
namespace {

TEST(StatusTest, OkIsDefaultAndHasNoText) {
  const Status status;
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(status.code(), StatusCode::kOk);
  EXPECT_EQ(status.message(), "");
  EXPECT_TRUE(status.details().empty());
  EXPECT_EQ(status.ToString(), "ok");
}

TEST(StatusTest, CopiesKeepCodeMessageAndDetails) {
  Status copy;
  {
    const Status status = InvalidFields({"a must be set", "b is too long"});
    copy = status;
  }
  EXPECT_EQ(copy.code(), StatusCode::kInvalidArgument);
  ASSERT_EQ(copy.details().size(), 2u);
  EXPECT_EQ(copy.details()[1], "b is too long");
}

TEST(StatusTest, TextNamesTheCode) {
  EXPECT_EQ(NotFound("no such thing").ToString(), "not_found: no such thing");
  EXPECT_EQ(StatusCodeName(StatusCode::kQuotaExceeded), "quota_exceeded");
  EXPECT_EQ(WouldBlock().code(), StatusCode::kWouldBlock);
}

TEST(StatusTest, EveryCodeHasItsOwnName) {
  std::vector<std::string_view> names;
  for (int code = 0; code <= static_cast<int>(StatusCode::kInternal); ++code) {
    const std::string_view name = StatusCodeName(static_cast<StatusCode>(code));
    EXPECT_FALSE(name.empty());
    for (const std::string_view other : names) EXPECT_NE(name, other);
    names.push_back(name);
  }
}

Result<int> Half(int value) {
  if (value % 2 != 0) return InvalidArgument("odd");
  return value / 2;
}

Result<int> Quarter(int value) {
  TNT_ASSIGN_OR_RETURN(const int half, Half(value));
  TNT_ASSIGN_OR_RETURN(const int quarter, Half(half));
  return quarter;
}

Status CheckQuarter(int value) {
  TNT_RETURN_IF_ERROR(Quarter(value).status());
  return Status::Ok();
}

TEST(ResultTest, CarriesAValueOrAStatus) {
  EXPECT_EQ(*Quarter(12), 3);
  EXPECT_EQ(Quarter(6).status().message(), "odd");
  EXPECT_TRUE(CheckQuarter(8).ok());
  EXPECT_EQ(CheckQuarter(2).code(), StatusCode::kInvalidArgument);
}

TEST(ResultTest, MovesWhatCannotBeCopied) {
  Result<std::unique_ptr<std::string>> result = std::make_unique<std::string>("x");
  ASSERT_TRUE(result.ok());
  const std::unique_ptr<std::string> taken = std::move(result).value();
  EXPECT_EQ(*taken, "x");
}

TEST(ResultDeathTest, ReadingAMissingValueStopsTheProcess) {
  const Result<int> result = NotFound("gone");
  EXPECT_DEATH(static_cast<void>(result.value()), "ok\\(\\)");
}

TEST(ResultDeathTest, AnOkStatusIsNoResult) {
  EXPECT_DEATH(static_cast<void>(Result<int>(Status::Ok())), "ok\\(\\)");
}

}  // namespace
}  // namespace tenantry
