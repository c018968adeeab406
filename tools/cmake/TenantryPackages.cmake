# Everything here is a Debian 12 package; `./dev` installs the list in tools/packages.txt.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(RocksDB REQUIRED)
find_package(CapnProto REQUIRED)
find_package(GTest REQUIRED)
find_package(benchmark REQUIRED)
find_package(fmt REQUIRED)
find_package(mimalloc 2.0 REQUIRED)
find_package(simdjson REQUIRED)
find_package(OpenSSL REQUIRED)
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)
pkg_check_modules(HTTPLIB REQUIRED IMPORTED_TARGET cpp-httplib)
pkg_check_modules(BROTLI REQUIRED IMPORTED_TARGET libbrotlienc libbrotlidec)
pkg_check_modules(ZLIB REQUIRED IMPORTED_TARGET zlib)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(CURL REQUIRED IMPORTED_TARGET libcurl)
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(UTF8PROC REQUIRED IMPORTED_TARGET libutf8proc)
pkg_check_modules(LIBPQ REQUIRED IMPORTED_TARGET libpq)
pkg_check_modules(RE2 REQUIRED IMPORTED_TARGET re2)
find_library(CCTZ_LIBRARY cctz REQUIRED)

# capnp's own rule writes next to the source; generated code belongs in the build folder. A schema
# is a name in engine/schema, or a path from the root of the tree. Generated headers are included
# like sources, such as "engine/schema/gym.capnp.h", and our warnings do not apply to them.
function(tnt_capnp_library target)
  set(sources)
  foreach(schema ${ARGN})
    if(NOT schema MATCHES "/")
      set(schema engine/schema/${schema})
    endif()
    set(base ${CMAKE_BINARY_DIR}/generated/${schema})
    add_custom_command(
      OUTPUT ${base}.c++ ${base}.h
      COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/generated
      COMMAND ${CAPNP_EXECUTABLE} compile -o ${CAPNPC_CXX_EXECUTABLE}:${CMAKE_BINARY_DIR}/generated
        --src-prefix=${CMAKE_SOURCE_DIR} -I ${CAPNP_INCLUDE_DIRECTORY} -I ${CMAKE_SOURCE_DIR}
        ${CMAKE_SOURCE_DIR}/${schema}
      DEPENDS ${CMAKE_SOURCE_DIR}/${schema} ${CMAKE_SOURCE_DIR}/engine/schema/annotations.capnp
      VERBATIM)
    list(APPEND sources ${base}.c++ ${base}.h)
  endforeach()
  set_source_files_properties(${sources} PROPERTIES GENERATED TRUE)
  add_library(${target} STATIC ${sources})
  target_include_directories(${target} SYSTEM PUBLIC ${CMAKE_BINARY_DIR}/generated)
  target_link_libraries(${target} PUBLIC CapnProto::capnp CapnProto::kj)
endfunction()
