#pragma once
// JsonNumber: what numbers from JSON a field can hold.
//
// Threads  stateless. Private to codec.

#include <cstdint>

#include "engine/schema/catalog.h"

namespace tenantry::codec {

// The largest amount taken. Doubles tell neighbouring cents apart up to 2^46 (70 trillion); above,
// an amount may arrive one cent off, as it already left the client.
inline constexpr double kMoneyMax = 90e12;

struct IntRange {
  int64_t low;
  int64_t high;
};

// What the type holds, without the null of a nullable field; 64-bit types end at 2^53 - 1, since a
// JSON client cannot be sure of any integer beyond.
IntRange RangeOf(const schema::FieldInfo& field);

// The largest finite value of the field's type.
double FloatLimit(const schema::FieldInfo& field);

// Rounds the decimal number that `amount` is written as, halves away from zero: 1.005 gives 101,
// although the double lies below it. `amount` is within +-kMoneyMax.
int64_t RoundToHundredths(double amount);

}  // namespace tenantry::codec
