#include "frontend/http/shared_memory_request.h"

#include <gtest/gtest.h>

#include "base/base64.h"

namespace neso {
namespace {

TEST(SharedMemoryRequestTest, SystemRegistration) {
  const auto registration = ParseSystemRegistration(R"({"key":"/p","offset":4096,"byte_size":8,"other":[]})");
  ASSERT_TRUE(registration.ok());
  EXPECT_EQ(registration->key, "/p");
  EXPECT_EQ(registration->offset, 4096U);
  EXPECT_EQ(registration->byte_size, 8U);
  EXPECT_EQ(ParseSystemRegistration(R"({"key":"p","byte_size":18446744073709551615})")->offset, 0U);
}

TEST(SharedMemoryRequestTest, WrongSystemRegistrations) {
  const struct {
    const char* body;
    const char* error;
  } rows[] = {
      {"", "Internal: failed to parse the request JSON buffer: The document is empty. at 0"},
      {"{", "Internal: failed to parse the request JSON buffer: Missing a name for object member. at 1"},
      {"[]", "Invalid argument: Shared memory register request has no 'key' field"},
      {R"({"byte_size":8})", "Invalid argument: Shared memory register request has no 'key' field"},
      {R"({"key":"/p"})", "Invalid argument: Shared memory register request has no 'byte_size' field"},
      {R"({"key":1,"byte_size":8})", "Internal: attempt to access JSON non-string as string"},
      {R"({"key":"/p","byte_size":-8})", "Internal: attempt to access JSON non-unsigned-integer as unsigned-integer"},
      {R"({"key":"/p","byte_size":18446744073709551616})",
       "Internal: attempt to access JSON non-unsigned-integer as unsigned-integer"},
      {R"({"key":"/p","byte_size":8,"offset":"0"})",
       "Internal: attempt to access JSON non-unsigned-integer as unsigned-integer"},
  };
  for (const auto& row : rows) EXPECT_EQ(ParseSystemRegistration(row.body).status().ToString(), row.error) << row.body;
}

std::string Cuda(const std::string& base64, const std::string& rest = R"("device_id":1,"byte_size":8)") {
  return R"({"raw_handle":{"b64":")" + base64 + R"("},)" + rest + "}";
}

TEST(SharedMemoryRequestTest, CudaRegistration) {
  std::string handle(64, '\0');
  handle[63] = 'x';
  const auto registration = ParseCudaRegistration(Cuda(EncodeBase64(handle)));
  ASSERT_TRUE(registration.ok());
  EXPECT_EQ(registration->device_id, 1);
  EXPECT_EQ(registration->byte_size, 8U);
  EXPECT_EQ(registration->handle.bytes[63], 'x');
}

TEST(SharedMemoryRequestTest, WrongCudaRegistrations) {
  const std::string handle = EncodeBase64(std::string(64, 'h'));
  const std::string bad_handle = "Invalid argument: 'raw_handle' must be a valid base64 encoded cudaIpcMemHandle_t";
  const struct {
    std::string body;
    std::string error;
  } rows[] = {
      {"{}", "Invalid argument: Shared memory register request has no 'raw_handle' field"},
      {R"({"raw_handle":1})", "Internal: attempt to access non-existing object member 'b64'"},
      {R"({"raw_handle":{"b64":1}})", "Internal: attempt to access JSON non-string as string"},
      {Cuda(handle, R"("byte_size":8)"), "Internal: attempt to access non-existing object member 'device_id'"},
      {Cuda(handle, R"("device_id":0)"), "Internal: attempt to access non-existing object member 'byte_size'"},
      {Cuda(handle, R"("device_id":-1,"byte_size":8)"),
       "Internal: attempt to access JSON non-unsigned-integer as unsigned-integer"},
      {Cuda("!!"), bad_handle},
      {Cuda(""), bad_handle},
      {Cuda(EncodeBase64(std::string(63, 'h'))), bad_handle},
      {Cuda(EncodeBase64(std::string(65, 'h'))), bad_handle},
  };
  for (const auto& row : rows) EXPECT_EQ(ParseCudaRegistration(row.body).status().ToString(), row.error) << row.body;
}

TEST(SharedMemoryRequestTest, StatusHasTheFieldsOfItsKind) {
  EXPECT_EQ(RegionsJson(RegionKind::kSystem, {}), "[]");
  EXPECT_EQ(RegionsJson(RegionKind::kSystem, {{.name = "a\"", .key = "/k", .offset = 4096, .byte_size = UINT64_MAX},
                                              {.name = "b", .key = "k", .byte_size = 1}}),
            R"([{"name":"a\"","key":"/k","offset":4096,"byte_size":18446744073709551615},)"
            R"({"name":"b","key":"k","offset":0,"byte_size":1}])");
  EXPECT_EQ(RegionsJson(RegionKind::kCuda, {{.name = "c", .kind = RegionKind::kCuda, .device_id = 1, .byte_size = 8}}),
            R"([{"name":"c","device_id":1,"byte_size":8}])");
}

}  // namespace
}  // namespace neso
