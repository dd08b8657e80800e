// What all examples share: their flags, and the end of one that failed.
#pragma once

#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "common.h"

namespace tc = triton::client;

// -v: show requests and answers; -u <host:port>; -H "<name>: <value>", as often as wanted; -t <microseconds>;
// -g <host:port>: the server's port for gRPC, where a program asks both.
struct Flags {
  bool verbose = false;
  std::string url;
  std::string grpc_url = "localhost:8001";
  std::map<std::string, std::string> headers;
  uint64_t timeout_us = 0;

  Flags(int argc, char** argv, const std::string& default_url) : url(default_url) {
    for (int flag; (flag = getopt(argc, argv, "vu:g:H:t:")) != -1;) {
      switch (flag) {
        case 'v': verbose = true; break;
        case 'u': url = optarg; break;
        case 'g': grpc_url = optarg; break;
        case 'H': AddHeader(optarg); break;
        case 't': timeout_us = std::strtoull(optarg, nullptr, 10); break;
        default: std::exit(2);
      }
    }
  }

 private:
  void AddHeader(const std::string& line) {
    const size_t colon = line.find(':');
    const size_t value = colon == std::string::npos ? colon : line.find_first_not_of(' ', colon + 1);
    headers[line.substr(0, colon)] = value == std::string::npos ? "" : line.substr(value);
  }
};

inline void Must(const tc::Error& error, const std::string& what) {
  if (error.IsOk()) return;
  std::cerr << what << ": " << error << std::endl;
  std::exit(1);
}

inline void Must(bool holds, const std::string& what) { Must(tc::Error(holds ? "" : "not so"), what); }

inline std::unique_ptr<tc::InferInput> Input(const std::string& name, const std::vector<int64_t>& shape,
                                             const std::string& datatype) {
  tc::InferInput* input;
  Must(tc::InferInput::Create(&input, name, shape, datatype), name);
  return std::unique_ptr<tc::InferInput>(input);
}

inline std::unique_ptr<tc::InferInput> Input(const std::string& name, const std::vector<int32_t>& values) {
  auto input = Input(name, {1, static_cast<int64_t>(values.size())}, "INT32");
  Must(input->AppendRaw(reinterpret_cast<const uint8_t*>(values.data()), values.size() * sizeof(int32_t)), name);
  return input;
}

inline std::unique_ptr<tc::InferRequestedOutput> Output(const std::string& name) {
  tc::InferRequestedOutput* output;
  Must(tc::InferRequestedOutput::Create(&output, name), name);
  return std::unique_ptr<tc::InferRequestedOutput>(output);
}

inline std::vector<int32_t> Numbers(const tc::InferResult& result, const std::string& output) {
  const uint8_t* data;
  size_t byte_size;
  Must(result.RawData(output, &data, &byte_size), output);
  const auto* numbers = reinterpret_cast<const int32_t*>(data);
  return {numbers, numbers + byte_size / sizeof(int32_t)};
}

// 0 to 15, and sixteen ones: what the model "simple" adds and subtracts.
inline std::vector<int32_t> Ascending() {
  std::vector<int32_t> numbers(16);
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}
inline std::vector<int32_t> Ones() { return std::vector<int32_t>(16, 1); }

inline void CheckSumAndDifference(const tc::InferResult& result) {
  Must(result.RequestStatus(), "inference");
  const auto sum = Numbers(result, "OUTPUT0"), difference = Numbers(result, "OUTPUT1");
  Must(sum.size() == 16 && difference.size() == 16, "sixteen sums and differences");
  for (int32_t i = 0; i < 16; ++i) {
    std::cout << i << " + 1 = " << sum[i] << ", " << i << " - 1 = " << difference[i] << "\n";
    Must(sum[i] == i + 1 && difference[i] == i - 1, "the right sums and differences");
  }
}

// One request to "simple", by whichever client.
template <typename Client>
void AskForSumAndDifference(Client* client, const Flags& flags) {
  const auto ascending = Ascending(), ones = Ones();
  const auto input0 = Input("INPUT0", ascending), input1 = Input("INPUT1", ones);
  tc::InferOptions options("simple");
  options.client_timeout_ = flags.timeout_us;
  tc::InferResult* answer;
  Must(client->Infer(&answer, options, {input0.get(), input1.get()}, {}, flags.headers), "inference");
  CheckSumAndDifference(*std::unique_ptr<tc::InferResult>(answer));
}

// Until "simple" is ready, or not any more: a model that is unloaded goes when its last request is done.
template <typename Client>
void AwaitReadiness(Client* client, bool wanted) {
  for (int attempt = 0; attempt < 1000; ++attempt) {
    bool ready;
    Must(client->IsModelReady(&ready, "simple"), "the model's readiness");
    if (ready == wanted) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  Must(false, wanted ? "a model that is ready" : "a model that has gone");
}
