#pragma once
// The popup of benches that count events.

#include <string_view>

namespace tenantry::bench {

inline constexpr std::string_view kPopupBody =
    R"({"shopId":"bench-shop","name":"Autumn sale","status":"active","triggerType":"time_delay",)"
    R"("design":{"backgroundColor":"#ffffff","textColor":"#111111","heading":"Save 10 %",)"
    R"("subheading":"This week only","buttonText":"Get the code","buttonColor":"#aa3300",)"
    R"("layout":"centered","width":480,"borderRadius":8,"padding":24}})";

}  // namespace tenantry::bench
