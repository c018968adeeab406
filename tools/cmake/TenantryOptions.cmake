# Warnings and sanitizers for our own targets only; linked PRIVATE-like through each library of ours.
find_program(TNT_CCACHE ccache)
if(TNT_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${TNT_CCACHE})
endif()

add_library(tenantry_options INTERFACE)
target_include_directories(tenantry_options INTERFACE ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR}/generated)
target_compile_options(tenantry_options INTERFACE -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion
  -fmacro-prefix-map=${CMAKE_SOURCE_DIR}/=
  # GCC 12 reports overlaps inside std::string concatenation that cannot happen (its bug 105651), and the empty half of a
  # std::optional as uninitialised (80635). Clang and the sanitizers look for the real ones.
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
  $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>
  $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety>
  $<$<BOOL:${TNT_WERROR}>:-Werror>)
if(TNT_SANITIZE)
  target_compile_options(tenantry_options INTERFACE -fsanitize=${TNT_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
  target_link_options(tenantry_options INTERFACE -fsanitize=${TNT_SANITIZE})
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Debug")
  target_compile_definitions(tenantry_options INTERFACE _GLIBCXX_ASSERTIONS)
endif()
