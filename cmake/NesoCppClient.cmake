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

# Once more with CUDA's type for handles, for the examples of CUDA shared memory. The toolkit stands in for CUDA's.
set(toolkit ${PROJECT_BINARY_DIR}/fake_cuda_toolkit)
file(COPY ${PROJECT_SOURCE_DIR}/tests/gpu/cuda_toolkit/ DESTINATION ${toolkit})
add_library(neso_fake_cuda_runtime SHARED tests/gpu/fake_cuda_runtime.cc)
target_link_libraries(neso_fake_cuda_runtime PRIVATE ${CMAKE_DL_LIBS})
set_target_properties(neso_fake_cuda_runtime PROPERTIES OUTPUT_NAME cudart CXX_VISIBILITY_PRESET default
  LIBRARY_OUTPUT_DIRECTORY ${toolkit}/lib64)
set(with_cuda -DCUDAToolkit_ROOT=${toolkit} -DCMAKE_INSTALL_PREFIX=${client}/installed_cuda
  -DCMAKE_PREFIX_PATH=${client}/installed_cuda)
ExternalProject_Add(cpp_client_cuda DEPENDS neso_fake_cuda_runtime
  SOURCE_DIR ${PROJECT_SOURCE_DIR}/clients/cpp BINARY_DIR ${client}/library_cuda PREFIX ${client}/steps
  ${cpp_client_common} -DTRITON_ENABLE_CC_HTTP=ON -DTRITON_ENABLE_CC_GRPC=${grpc} -DTRITON_ENABLE_GPU=ON ${with_cuda})
ExternalProject_Add(cpp_client_cuda_examples DEPENDS cpp_client_cuda
  SOURCE_DIR ${PROJECT_SOURCE_DIR}/clients/cpp/examples BINARY_DIR ${client}/examples_cuda PREFIX ${client}/steps
  BUILD_COMMAND ${CMAKE_COMMAND} --build . --target simple_http_cudashm_client
  COMMAND ${CMAKE_COMMAND} --build . --target simple_grpc_cudashm_client
  INSTALL_COMMAND "" ${cpp_client_common} ${with_cuda})
