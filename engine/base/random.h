#pragma once
// Random: the only source of randomness, so that a test or the demo data can fix the seed.
//
// Threads  SystemRandom from any thread; SeededRandom belongs to one thread.

#include <cstddef>
#include <cstdint>
#include <string>

namespace tenantry {

class Random {
 public:
  virtual ~Random() = default;
  virtual void Fill(void* out, size_t bytes) = 0;

  uint64_t Next64();
  // Uniform in [0, bound); bound must be positive.
  uint64_t Below(uint64_t bound);
  std::string Bytes(size_t bytes);
};

// The system's cryptographic generator. Batches its reads per thread.
class SystemRandom final : public Random {
 public:
  void Fill(void* out, size_t bytes) override;
};

// Reproducible and not secret: for tests and demo records, never for credentials.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(uint64_t seed) : state_(seed) {}
  void Fill(void* out, size_t bytes) override;

 private:
  uint64_t state_;
};

}  // namespace tenantry
