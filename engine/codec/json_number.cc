#include "engine/codec/json_number.h"

#include <charconv>
#include <cmath>
#include <limits>

#include "engine/base/check.h"

namespace tenantry::codec {

IntRange RangeOf(const schema::FieldInfo& field) {
  constexpr int64_t kSafeMax = (int64_t{1} << 53) - 1;
  if (field.bits == 64) return {field.is_unsigned ? 0 : -kSafeMax, kSafeMax};
  if (field.is_unsigned) return {0, (int64_t{1} << field.bits) - 1};
  const int64_t high = (int64_t{1} << (field.bits - 1)) - 1;
  // A nullable field gives up its smallest value.
  return {field.nullable ? -high : -high - 1, high};
}

double FloatLimit(const schema::FieldInfo& field) {
  // The largest Float32 as its shortest decimal, which is what we write ourselves; it rounds down
  // to the exact value.
  constexpr double kFloat32Max = 3.4028235e38;
  return field.bits == 32 ? kFloat32Max : std::numeric_limits<double>::max();
}

int64_t RoundToHundredths(double amount) {
  TNT_CHECK(std::abs(amount) <= kMoneyMax);
  const double size = std::abs(amount);
  if (size < 0.001) return 0;  // Also keeps the text below short.
  // Shortest plain form: at most 14 digits, a point, and 20 digits more.
  char text[48];
  const auto [end, error] = std::to_chars(text, text + sizeof text, size, std::chars_format::fixed);
  int64_t hundredths = 0;
  int decimals = -1;  // Digits seen after the point; -1 before it.
  bool round_up = false;
  for (const char* at = text; at != end; ++at) {
    if (*at == '.') {
      decimals = 0;
    } else if (decimals == 2) {
      round_up = *at >= '5';
      break;
    } else {
      hundredths = hundredths * 10 + (*at - '0');
      if (decimals >= 0) ++decimals;
    }
  }
  for (int i = decimals < 0 ? 0 : decimals; i < 2; ++i) hundredths *= 10;
  hundredths += round_up ? 1 : 0;
  return amount < 0 ? -hundredths : hundredths;
}

}  // namespace tenantry::codec
