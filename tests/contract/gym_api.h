#pragma once
// GymApi: what a client of the gym's REST API does, over HTTP against the real binary.
//
// One server serves all tests of a suite; every test makes gyms of its own, so they share no state.

#include <memory>
#include <optional>
#include <set>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/load/child_process.h"
#include "tests/support/engine_fixture.h"

namespace tenantry::contract {

using nlohmann::json;

struct Answer {
  int status = 0;
  json body;  // Null when it is not JSON.
  std::string text;
  std::string type;  // Content-Type.
};

// Who asks: either may be empty.
struct Who {
  std::string token;
  std::string tenant;
};

class GymApi {
 public:
  explicit GymApi(std::string url) : url_(std::move(url)) {}
  Answer Call(const std::string& method, const std::string& path, const Who& who = {},
              const std::optional<json>& body = std::nullopt) const;
  // A body as it is.
  Answer CallRaw(const std::string& method, const std::string& path, const Who& who,
                 const std::string& body) const;
  Answer Get(const std::string& path, const Who& who = {}) const { return Call("GET", path, who); }
  Answer Post(const std::string& path, const Who& who, const json& body) const {
    return Call("POST", path, who, body);
  }

 private:
  std::string url_;
};

// The binary under test: $TENANTRY_BINARY, else the one of this build.
std::string ServerBinary();
// A name nobody used before in this run.
std::string Fresh(const std::string& prefix);
// Now plus so many seconds, as the API writes instants.
std::string InSeconds(int64_t seconds);
std::set<std::string> KeysOf(const json& object);
// What an answer that holds a place shows, no more and no less.
inline const std::set<std::string> kLocationKeys = {"id",
                                                    "tenantId",
                                                    "name",
                                                    "address",
                                                    "streetNumber",
                                                    "streetName",
                                                    "city",
                                                    "county",
                                                    "province",
                                                    "postalCode",
                                                    "country",
                                                    "latitude",
                                                    "longitude",
                                                    "elevation",
                                                    "capacity",
                                                    "locationType",
                                                    "timezone",
                                                    "requiresWeatherCheck",
                                                    "weatherAlertEnabled",
                                                    "corporateId",
                                                    "buildingName",
                                                    "floor",
                                                    "roomNumber",
                                                    "accessInstructions",
                                                    "amenities",
                                                    "equipment",
                                                    "services",
                                                    "description",
                                                    "photos",
                                                    "operatingHours",
                                                    "isActive",
                                                    "createdAt",
                                                    "updatedAt"};

class GymContractTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite();
  static void TearDownTestSuite();

  struct Gym {
    std::string id, name, email;
    Who owner;
    json auth;  // The answer to its sign-up.
  };
  Gym MakeGym() const;
  // A MEMBER of the gym.
  Who Join(const Gym& gym, const std::string& email = Fresh("m") + "@mail.example") const;
  std::string MakeLocation(const Gym& gym, json body = json::object()) const;
  std::string MakeType(const Gym& gym, json body = json::object()) const;
  // Starts in `in_seconds`; `more` replaces or adds members.
  json SessionBody(const Gym& gym, int64_t in_seconds, const json& more = json::object()) const;
  json MakeSession(const Gym& gym, int64_t in_seconds, const json& more = json::object()) const;

  static void ExpectError(const Answer& answer, int status, const std::string& fragment,
                          const std::string& path);

  static std::unique_ptr<TemporaryFolder> folder_;
  static std::unique_ptr<load::ServerProcess> server_;
  GymApi api_{server_->url()};
};

}  // namespace tenantry::contract
