#pragma once
// DocsPage: /docs, a page that shows /openapi.json and lets a reader try a request. One file without outside parts, so that
// it works on a machine without a network.

#include <string_view>

namespace tenantry::openapi {

extern const std::string_view kDocsPage;

}  // namespace tenantry::openapi
