#pragma once
// What the dump tests share: dumps in memory, and rows that records of different collections make.

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engine/dump/restore.h"
#include "engine/dump/source.h"
#include "engine/schema/popups.capnp.h"
#include "tests/support/engine_fixture.h"

namespace tenantry::dump {

inline std::string DumpText(const Engine& engine, const ReadView& view,
                            const SourceOptions& options = {}) {
  std::string bytes;
  StringSink sink(&bytes);
  const Result<Footer> footer = WriteDump(engine, view, options, sink);
  EXPECT_TRUE(footer.ok()) << footer.status().ToString();
  return bytes;
}

inline OpenDump Opener(const std::string& bytes) {
  return [&bytes]() -> Result<std::unique_ptr<ByteSource>> {
    return std::unique_ptr<ByteSource>(std::make_unique<StringSource>(bytes));
  };
}

inline codec::Draft<schema::EmailSubscriber> NewSubscriber(const std::string& id) {
  codec::Draft<schema::EmailSubscriber> draft;
  draft->setId(id);
  draft->setEmail(id + "@mail.example");
  draft->setEmailKey(id + "@mail.example");
  draft->setName("Name of " + id);
  draft->setIsActive(true);
  draft->setCreatedAt(kTestStartMs);
  return draft;
}

// A second engine in a folder of its own.
class OtherEngine {
 public:
  OtherEngine() {
    EngineOptions options;
    options.directory = folder_.path() + "/data";
    options.segment_bytes = kTestSegmentBytes;
    options.clock = &clock_;
    options.random = &random_;
    options.files = &files_;
    Result<std::unique_ptr<Engine>> opened = Engine::Open(options);
    EXPECT_TRUE(opened.ok()) << opened.status().ToString();
    engine_ = std::move(opened).value();
  }
  Engine& engine() { return *engine_; }

 private:
  ManualClock clock_{kTestStartMs};
  LockedRandom random_{43};
  PosixFileSystem files_;
  TemporaryFolder folder_;
  std::unique_ptr<Engine> engine_;
};

}  // namespace tenantry::dump
