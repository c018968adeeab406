#include "engine/base/random.h"

#include <cstring>

#include <sys/random.h>

#include "engine/base/check.h"

namespace tenantry {

uint64_t Random::Next64() {
  uint64_t value = 0;
  Fill(&value, sizeof value);
  return value;
}

uint64_t Random::Below(uint64_t bound) {
  TNT_CHECK(bound > 0);
  // Reject the tail that would make low values more likely.
  const uint64_t limit = UINT64_MAX - UINT64_MAX % bound;
  uint64_t value = Next64();
  while (value >= limit) value = Next64();
  return value % bound;
}

std::string Random::Bytes(size_t bytes) {
  std::string out(bytes, '\0');
  Fill(out.data(), bytes);
  return out;
}

namespace {

void FillFromKernel(char* out, size_t bytes) {
  while (bytes > 0) {
    const ssize_t got = getrandom(out, bytes, 0);
    TNT_CHECK(got > 0);
    out += got;
    bytes -= static_cast<size_t>(got);
  }
}

// One system call serves many ids. The pool belongs to its thread and used bytes are wiped.
struct Pool {
  char bytes[1024];
  size_t used = sizeof bytes;
};

}  // namespace

void SystemRandom::Fill(void* out, size_t bytes) {
  thread_local Pool pool;
  if (bytes > sizeof pool.bytes / 4) return FillFromKernel(static_cast<char*>(out), bytes);
  if (sizeof pool.bytes - pool.used < bytes) {
    FillFromKernel(pool.bytes, sizeof pool.bytes);
    pool.used = 0;
  }
  std::memcpy(out, pool.bytes + pool.used, bytes);
  std::memset(pool.bytes + pool.used, 0, bytes);
  pool.used += bytes;
}

void SeededRandom::Fill(void* out, size_t bytes) {
  char* cursor = static_cast<char*>(out);
  while (bytes > 0) {
    // SplitMix64 (Steele, Lea, Flood 2014): one addition and three xor-shift multiplies per word.
    state_ += 0x9E3779B97F4A7C15u;
    uint64_t word = state_;
    word = (word ^ (word >> 30)) * 0xBF58476D1CE4E5B9u;
    word = (word ^ (word >> 27)) * 0x94D049BB133111EBu;
    word ^= word >> 31;
    const size_t take = bytes < sizeof word ? bytes : sizeof word;
    std::memcpy(cursor, &word, take);
    cursor += take;
    bytes -= take;
  }
}

}  // namespace tenantry
