# The client library for C++ (clients/cpp), its examples and its test program, with everything else that is built for the
# tests. It is a project of its own: Debian's Protobuf, which gRPC's signatures name, and ours cannot be in one.
#
# cpp_client/installed has the package as users install it; cpp_client/examples and cpp_client/tests are built from it.
include(ExternalProject)
find_package(CURL QUIET)
if(NOT CURL_FOUND)
  message(STATUS "No client library for C++: libcurl is missing (scripts/setup)")
  return()
endif()

find_program(grpc_cpp_plugin grpc_cpp_plugin)
find_path(grpcpp_headers grpcpp/grpcpp.h)
if(grpc_cpp_plugin AND grpcpp_headers)
  set(grpc ON)
else()
  set(grpc OFF)
  message(STATUS "The client library for C++ without gRPC: scripts/setup cpp-client")
endif()

set(client ${PROJECT_BINARY_DIR}/cpp_client)
string(REPLACE ";" "|" launcher "${CMAKE_CXX_COMPILER_LAUNCHER}")
set(cpp_client_common LIST_SEPARATOR | BUILD_ALWAYS ON CMAKE_ARGS -DCMAKE_BUILD_TYPE=Release
  -DCMAKE_CXX_COMPILER=${CMAKE_CXX_COMPILER} -DCMAKE_CXX_COMPILER_LAUNCHER=${launcher} -DCMAKE_INSTALL_LIBDIR=lib
  -DCMAKE_INSTALL_PREFIX=${client}/installed -DCMAKE_PREFIX_PATH=${client}/installed -DCMAKE_INSTALL_MESSAGE=NEVER)
ExternalProject_Add(cpp_client
  SOURCE_DIR ${PROJECT_SOURCE_DIR}/clients/cpp BINARY_DIR ${client}/library PREFIX ${client}/steps
  ${cpp_client_common} -DTRITON_ENABLE_CC_HTTP=ON -DTRITON_ENABLE_CC_GRPC=${grpc})
foreach(user examples:${PROJECT_SOURCE_DIR}/clients/cpp/examples tests:${PROJECT_SOURCE_DIR}/tests/cpp_client)
  string(REGEX MATCH "^([a-z]+):(.*)$" match ${user})
  ExternalProject_Add(cpp_client_${CMAKE_MATCH_1} DEPENDS cpp_client
    SOURCE_DIR ${CMAKE_MATCH_2} BINARY_DIR ${client}/${CMAKE_MATCH_1} PREFIX ${client}/steps
    INSTALL_COMMAND "" ${cpp_client_common})
endforeach()
