#pragma once
// PopupDesign: a whole design, for tests that need a popup and do not care how it looks.

#include <nlohmann/json.hpp>

namespace tenantry {

inline nlohmann::json PopupDesign() {
  return {{"backgroundColor", "#ffffff"},
          {"textColor", "#000000"},
          {"heading", "Hello"},
          {"subheading", ""},
          {"buttonText", "Go"},
          {"buttonColor", "#00f"},
          {"imageUrl", ""},
          {"layout", "centered"},
          {"width", 400},
          {"borderRadius", 8.5},
          {"padding", 20}};
}

}  // namespace tenantry
