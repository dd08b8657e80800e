// What the tests of the client library share: the server's address, and short ways to make tensors.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "common.h"

namespace tc = triton::client;

// Of the server that was named on the command line.
extern std::string server_url;

#define EXPECT_OK(expression) EXPECT_EQ((expression).Message(), "")
#define ASSERT_OK(expression) ASSERT_EQ((expression).Message(), "")

inline std::unique_ptr<tc::InferInput> Input(const std::string& name, const std::vector<int64_t>& shape,
                                             const std::string& datatype) {
  tc::InferInput* input = nullptr;
  EXPECT_OK(tc::InferInput::Create(&input, name, shape, datatype));
  return std::unique_ptr<tc::InferInput>(input);
}

inline std::unique_ptr<tc::InferRequestedOutput> Output(const std::string& name, size_t classes = 0) {
  tc::InferRequestedOutput* output = nullptr;
  EXPECT_OK(tc::InferRequestedOutput::Create(&output, name, classes));
  return std::unique_ptr<tc::InferRequestedOutput>(output);
}

template <typename T>
std::unique_ptr<tc::InferInput> Input(const std::string& name, const std::string& datatype,
                                      const std::vector<T>& values) {
  auto input = Input(name, {1, static_cast<int64_t>(values.size())}, datatype);
  EXPECT_OK(input->AppendRaw(reinterpret_cast<const uint8_t*>(values.data()), values.size() * sizeof(T)));
  return input;
}

template <typename T>
std::vector<T> Values(const tc::InferResult& result, const std::string& output) {
  const uint8_t* data = nullptr;
  size_t byte_size = 0;
  EXPECT_OK(result.RawData(output, &data, &byte_size));
  const auto* values = reinterpret_cast<const T*>(data);
  return {values, values + byte_size / sizeof(T)};
}

// A callback, and what it got.
template <typename T>
class Answer {
 public:
  std::function<void(T)> callback() {
    return [this](T value) { promise_.set_value(std::move(value)); };
  }
  T Wait() {
    auto future = promise_.get_future();
    if (future.wait_for(std::chrono::seconds(60)) == std::future_status::ready) return future.get();
    ADD_FAILURE() << "no callback within a minute";
    return T();
  }

 private:
  std::promise<T> promise_;
};
