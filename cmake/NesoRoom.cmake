# neso_room(<name> [DEPENDS <room>...] [LIBRARIES <target>...] [PRECOMPILE <header>...])
#
# Makes of the current folder and its sub-folders:
#   neso_<name>             an object library of every *.cc that is not one of the following
#   neso_<name>_test        one GoogleTest program of every *_test.cc, known to ctest
#   <file>_benchmark        a Google Benchmark program for each *_benchmark.cc
#   <file>_fuzz             a libFuzzer program for each *_fuzz.cc (with NESO_FUZZ); without it <file>_fuzz_replay, which
#                           ctest runs over fuzz/corpus/<file>_fuzz
# Dependencies are transitive. A new file is picked up by the next build.
find_package(Threads REQUIRED)
find_package(GTest REQUIRED)
find_package(benchmark QUIET)
include(GoogleTest)
add_custom_target(neso_fuzzers)

# Reading the same headers is a good part of each compilation: 2.5 s instead of 3.9 s for a handler of the front end, 6.1 s
# instead of 8.4 s for a test with mocks. The builds of Clang do without, so that a missing include is found.
option(NESO_PRECOMPILE "precompile the headers that most files read" ON)

# neso_precompile(<target> [<header>...]): the standard library's usual headers and these. 130 MB on disk and some seconds
# for each list of headers: the first target with a list makes it, and what is compiled alike takes it from there.
function(neso_precompile target)
  if(NOT NESO_PRECOMPILE)
    return()
  endif()
  get_target_property(type ${target} TYPE)
  string(MD5 list "${type} ${ARGN}")
  get_property(first GLOBAL PROPERTY NESO_PRECOMPILED_${list})
  if(first)
    target_precompile_headers(${target} REUSE_FROM ${first})
    return()
  endif()
  set_property(GLOBAL PROPERTY NESO_PRECOMPILED_${list} ${target})
  target_precompile_headers(${target} PRIVATE <algorithm> <atomic> <chrono> <deque> <functional> <map> <memory> <mutex>
    <optional> <span> <string> <string_view> <thread> <unordered_map> <utility> <vector> ${ARGN})
endfunction()

# neso_fuzz_target(<file> <library>...): the program of one *_fuzz.cc, or its replay.
function(neso_fuzz_target file)
  get_filename_component(program ${file} NAME_WE)
  set(corpus ${PROJECT_SOURCE_DIR}/fuzz/corpus/${program})
  if(NESO_FUZZ)
    add_executable(${program} ${file})
    target_link_libraries(${program} PRIVATE ${ARGN})
    target_link_options(${program} PRIVATE -fsanitize=fuzzer)
    add_dependencies(neso_fuzzers ${program})
    set_target_properties(${program} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/fuzz)
  elseif(EXISTS ${corpus})
    add_executable(${program}_replay ${file} ${PROJECT_SOURCE_DIR}/cmake/fuzz_replay_main.cc)
    target_link_libraries(${program}_replay PRIVATE ${ARGN})
    add_test(NAME ${program}_replay COMMAND ${program}_replay ${corpus})
  endif()
endfunction()

function(neso_room name)
  cmake_parse_arguments(ARG "" "" "DEPENDS;LIBRARIES;PRECOMPILE" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  set(tests ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  set(benchmarks ${sources})
  list(FILTER benchmarks INCLUDE REGEX "_benchmark\\.cc$")
  set(fuzzers ${sources})
  list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cc$")
  list(FILTER sources EXCLUDE REGEX "_(test|benchmark|fuzz|main)\\.cc$")

  # OBJECT libraries hand on only direct dependencies' objects, so each room collects its own closure.
  set(closure neso_${name})
  foreach(dependency IN LISTS ARG_DEPENDS)
    if(NOT TARGET neso_${dependency})
      message(WARNING "room ${name} is left out: there is no room ${dependency}")
      return()
    endif()
    get_target_property(theirs neso_${dependency} NESO_CLOSURE)
    list(APPEND closure ${theirs})
  endforeach()
  list(REMOVE_DUPLICATES closure)

  add_library(neso_${name} OBJECT ${sources})
  # The C library is called a hundred times a request: straight through the table of addresses, 1.5 % less time.
  target_compile_options(neso_${name} PRIVATE $<$<AND:$<CXX_COMPILER_ID:GNU>,$<CONFIG:Release>>:-fno-plt>)
  target_include_directories(neso_${name} PUBLIC ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include)
  set(linked ${ARG_LIBRARIES})
  foreach(dependency IN LISTS ARG_DEPENDS)
    list(APPEND linked neso_${dependency}_usage)
  endforeach()
  # <room>_usage carries include folders and libraries without the objects, which programs take from the closure.
  add_library(neso_${name}_usage INTERFACE)
  target_include_directories(neso_${name}_usage INTERFACE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include)
  target_link_libraries(neso_${name}_usage INTERFACE ${linked})
  target_link_libraries(neso_${name} PUBLIC ${linked})
  set_target_properties(neso_${name} PROPERTIES NESO_CLOSURE "${closure}")
  set(common <base/status.h>)
  if("neso_core" IN_LIST closure)
    list(APPEND common <config/model_config.pb.h>)
  endif()
  neso_precompile(neso_${name} ${common} ${ARG_PRECOMPILE})

  if(tests)
    add_executable(neso_${name}_test ${tests})
    target_link_libraries(neso_${name}_test PRIVATE ${closure} GTest::gmock GTest::gtest_main)
    neso_precompile(neso_${name}_test ${common} <gmock/gmock.h> <gtest/gtest.h>)
    gtest_discover_tests(neso_${name}_test DISCOVERY_MODE PRE_TEST WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  endif()
  if(benchmark_FOUND)
    foreach(file IN LISTS benchmarks)
      get_filename_component(program ${file} NAME_WE)
      add_executable(${program} EXCLUDE_FROM_ALL ${file})
      target_link_libraries(${program} PRIVATE ${closure} benchmark::benchmark_main)
    endforeach()
  endif()
  foreach(file IN LISTS fuzzers)
    neso_fuzz_target(${file} ${closure})
  endforeach()
endfunction()
