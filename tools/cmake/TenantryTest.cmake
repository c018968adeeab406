# tnt_test(NAME SOURCES a.cc ... LIBS lib ... [LABELS slow race ...] [TIMEOUT seconds] [ARGS ...] [SOAK NAME=value ...])
# One GoogleTest binary, one ctest entry: start-up cost is paid once and --gtest_filter narrows a run.
# SOAK registers the binary a second time as NAME_soak, with that environment, for `./dev soak`.
#
# The target `unit_tests` builds what the sanitizer runs need: the tests with label unit or race.
add_custom_target(unit_tests)

# Sanitized programs run several times slower, and say more when told where our suppressions are.
set(TNT_TEST_ENVIRONMENT)
set(TNT_TEST_TIMEOUT_FACTOR 1)
if(TNT_SANITIZE)
  set(TNT_TEST_TIMEOUT_FACTOR 4)
  set(TNT_TEST_ENVIRONMENT
    "ASAN_OPTIONS=strict_string_checks=1:detect_stack_use_after_return=1:check_initialization_order=1"
    "UBSAN_OPTIONS=print_stacktrace=1"
    "TSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/tests/tsan.supp:second_deadlock_stack=1:history_size=4")
endif()

function(tnt_test name)
  cmake_parse_arguments(T "" "TIMEOUT" "SOURCES;LIBS;LABELS;ARGS;SOAK" ${ARGN})
  add_executable(${name} ${T_SOURCES})
  target_link_libraries(${name} PRIVATE ${T_LIBS} tenantry_options GTest::gtest GTest::gmock GTest::gtest_main)
  add_test(NAME ${name} COMMAND ${name} ${T_ARGS})
  if(NOT T_TIMEOUT)
    set(T_TIMEOUT 300)
  endif()
  math(EXPR T_TIMEOUT "${T_TIMEOUT} * ${TNT_TEST_TIMEOUT_FACTOR}")
  set_tests_properties(${name} PROPERTIES TIMEOUT ${T_TIMEOUT} LABELS "${T_LABELS}"
    ENVIRONMENT "${TNT_TEST_ENVIRONMENT}")
  if("unit" IN_LIST T_LABELS OR "race" IN_LIST T_LABELS)
    add_dependencies(unit_tests ${name})
  endif()
  if(T_SOAK)
    add_test(NAME ${name}_soak COMMAND ${name} ${T_ARGS})
    set(environment ${TNT_TEST_ENVIRONMENT} ${T_SOAK})
    set_tests_properties(${name}_soak PROPERTIES TIMEOUT 14400 LABELS soak ENVIRONMENT "${environment}")
  endif()
endfunction()
