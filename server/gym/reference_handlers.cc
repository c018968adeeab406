// What forms offer when people set up their profiles. Fixed lists: names are the ids in title case.

#include <array>
#include <string>
#include <string_view>

#include "engine/codec/json_out.h"
#include "server/gym/handlers.h"

namespace tenantry::server::gym {
namespace {

// Ids, separated by spaces.
using Words = std::string_view;

struct Group {
  std::string_view name;
  std::string_view icon;
  Words ids;
};

constexpr Words kDepartments = "FRONT_DESK MAINTENANCE CLEANING MANAGEMENT SALES CUSTOMER_SERVICE";
constexpr Words kBusinessTypes =
    "GYM FITNESS_STUDIO WELLNESS_CENTER YOGA_STUDIO CROSSFIT_BOX SPORTS_FACILITY";
constexpr Words kAmenities =
    "WIFI PARKING SHOWERS LOCKERS SAUNA POOL CAFE PRO_SHOP CHILDCARE PERSONAL_TRAINING";
constexpr Words kSpecializations =
    "YOGA PILATES STRENGTH_TRAINING CARDIO CROSSFIT MARTIAL_ARTS DANCE SWIMMING CYCLING NUTRITION "
    "PHYSICAL_THERAPY";
constexpr Words kFitnessGoals =
    "WEIGHT_LOSS MUSCLE_GAIN ENDURANCE FLEXIBILITY GENERAL_FITNESS REHABILITATION "
    "SPORTS_PERFORMANCE";
constexpr Words kActivities =
    "YOGA PILATES STRENGTH_TRAINING CARDIO CROSSFIT SWIMMING CYCLING DANCE MARTIAL_ARTS BOXING "
    "RUNNING GROUP_CLASSES";
constexpr Words kGenders = "MALE FEMALE NON_BINARY PREFER_NOT_SAY";

struct Described {
  std::string_view id, name, text;
};
constexpr Described kShifts[] = {{"MORNING", "Morning", "6AM - 2PM"},
                                 {"AFTERNOON", "Afternoon", "2PM - 10PM"},
                                 {"NIGHT", "Night", "10PM - 6AM"},
                                 {"FLEXIBLE", "Flexible", "Flexible Schedule"}};
constexpr Described kExperienceLevels[] = {
    {"BEGINNER", "Beginner", "New to training, or back after a long break"},
    {"INTERMEDIATE", "Intermediate", "Trains regularly and knows the basic movements"},
    {"ADVANCED", "Advanced", "Has trained for years and follows a plan"},
    {"PROFESSIONAL", "Professional", "Competes, or trains others for a living"}};
constexpr Described kLanguages[] = {
    {"EN", "English", ""}, {"ES", "Spanish", ""},    {"FR", "French", ""}, {"DE", "German", ""},
    {"ZH", "Chinese", ""}, {"PT", "Portuguese", ""}, {"AR", "Arabic", ""}, {"HI", "Hindi", ""}};

constexpr std::string_view kCommon = "COMMON";
constexpr Group kResponsibilities[] = {
    {"FRONT_DESK", "", "CHECKIN PHONE TOURS PAYMENTS"},
    {"MAINTENANCE", "", "REPAIR CLEAN_FACILITY SAFETY SETUP"},
    {"CLEANING", "", "SANITIZE LOCKERS FLOORS TRASH"},
    {"MANAGEMENT", "", "SUPERVISION SCHEDULING BUDGET RELATIONS"},
    {"SALES", "", "MEMBERSHIPS RETENTION PROMOTIONS LEADS"},
    {kCommon, "", "CUSTOMER_SERVICE EMERGENCY TRAINING_SUPPORT EVENTS"}};
constexpr Group kEquipment[] = {
    {"CARDIO", "🏃", "TREADMILL ELLIPTICAL STATIONARY_BIKE ROWING_MACHINE STAIR_CLIMBER"},
    {"STRENGTH", "🏋️",
     "FREE_WEIGHTS DUMBBELLS BARBELLS KETTLEBELLS WEIGHT_MACHINES SQUAT_RACK BENCH_PRESS "
     "CABLE_MACHINE SMITH_MACHINE"},
    {"FUNCTIONAL", "🤸",
     "RESISTANCE_BANDS TRX_SUSPENSION MEDICINE_BALLS STABILITY_BALLS FOAM_ROLLERS BATTLE_ROPES "
     "PLYO_BOXES"},
    {"YOGA", "🧘", "YOGA_MATS YOGA_BLOCKS YOGA_STRAPS PILATES_REFORMER"},
    {"SPORTS", "🥊", "BOXING_BAGS BOXING_RING BASKETBALL_COURT SWIMMING_POOL"},
    {"RECOVERY", "🧖", "SAUNA STEAM_ROOM"}};
constexpr Group kFacilityServices[] = {
    {"TRAINING", "💪", "PERSONAL_TRAINING GROUP_CLASSES VIRTUAL_TRAINING"},
    {"WELLNESS", "🥗", "NUTRITION_COACHING WELLNESS_COACHING"},
    {"PROGRAMS", "📋",
     "WEIGHT_LOSS_PROGRAM STRENGTH_PROGRAM ATHLETIC_TRAINING SENIOR_FITNESS YOUTH_PROGRAMS"},
    {"RECOVERY", "💆", "MASSAGE_THERAPY PHYSICAL_THERAPY CRYOTHERAPY"},
    {"ASSESSMENT", "📏", "FITNESS_ASSESSMENT BODY_COMPOSITION MOVEMENT_SCREENING"}};

// FRONT_DESK becomes Front Desk.
std::string TitleCase(std::string_view id) {
  std::string name;
  bool first = true;
  for (const char c : id) {
    const bool upper = c >= 'A' && c <= 'Z';
    name.push_back(c == '_' ? ' ' : upper && !first ? static_cast<char>(c - 'A' + 'a') : c);
    first = c == '_';
  }
  return name;
}

template <class Visit>
void ForWords(Words words, const Visit& visit) {
  while (!words.empty()) {
    const std::string_view word = words.substr(0, words.find(' '));
    words.remove_prefix(std::min(words.size(), word.size() + 1));
    visit(word);
  }
}

// Opens the next object of an array.
std::string* Next(std::string* array) {
  if (array->back() != '[') array->push_back(',');
  return array;
}

enum class Naming { kDisplayName, kName };

void AppendWords(std::string* out, Words words, Naming naming) {
  out->push_back('[');
  ForWords(words, [&](std::string_view id) {
    codec::ObjectWriter object(Next(out));
    object.String("id", id);
    if (naming == Naming::kDisplayName) {
      object.String("name", id);
      object.String("displayName", TitleCase(id));
    } else {
      object.String("name", TitleCase(id));
    }
  });
  out->push_back(']');
}

template <size_t kRows>
void AppendDescribed(std::string* out, const Described (&rows)[kRows], std::string_view label) {
  out->push_back('[');
  for (const Described& row : rows) {
    codec::ObjectWriter object(Next(out));
    object.String("id", row.id);
    object.String("name", row.name);
    if (!label.empty()) object.String(label, row.text);
  }
  out->push_back(']');
}

void AppendResponsibilities(std::string* out) {
  codec::ObjectWriter groups(out);
  for (const Group& group : kResponsibilities) {
    std::string* list = groups.Key(group.name);
    list->push_back('[');
    ForWords(group.ids, [&](std::string_view id) {
      codec::ObjectWriter object(Next(list));
      object.String("id", id);
      object.String("name", TitleCase(id));
      if (group.name != kCommon) object.String("department", group.name);
    });
    list->push_back(']');
  }
}

template <size_t kRows>
void AppendGroups(std::string* out, const Group (&groups)[kRows], bool described) {
  out->push_back('[');
  for (const Group& group : groups) {
    ForWords(group.ids, [&](std::string_view id) {
      codec::ObjectWriter object(Next(out));
      object.String("id", id);
      object.String("category", group.name);
      object.String("name", TitleCase(id));
      object.String("icon", group.icon);
      if (described) {
        object.String("description",
                      TitleCase(id) + ", one of our services in " + TitleCase(group.name));
      }
    });
  }
  out->push_back(']');
}

std::string RenderOnboarding() {
  std::string out;
  {
    codec::ObjectWriter object(&out);
    AppendWords(object.Key("departments"), kDepartments, Naming::kDisplayName);
    AppendDescribed(object.Key("shifts"), kShifts, "timeRange");
    AppendResponsibilities(object.Key("responsibilities"));
    AppendWords(object.Key("businessTypes"), kBusinessTypes, Naming::kDisplayName);
    AppendWords(object.Key("amenities"), kAmenities, Naming::kDisplayName);
    AppendWords(object.Key("specializations"), kSpecializations, Naming::kDisplayName);
    AppendDescribed(object.Key("languages"), kLanguages, "");
    AppendWords(object.Key("fitnessGoals"), kFitnessGoals, Naming::kDisplayName);
    AppendDescribed(object.Key("experienceLevels"), kExperienceLevels, "description");
    AppendWords(object.Key("activities"), kActivities, Naming::kName);
    AppendWords(object.Key("genders"), kGenders, Naming::kName);
    AppendGroups(object.Key("equipment"), kEquipment, false);
    AppendGroups(object.Key("facilityServices"), kFacilityServices, true);
  }
  return out;
}

}  // namespace

http::Response Onboarding(const Context&, const Access&, const http::Request&) {
  static const auto body = std::make_shared<const std::string>(RenderOnboarding());
  http::Response response = http::Response::Json(200, {});
  response.shared_body = body;
  return response;
}

}  // namespace tenantry::server::gym
