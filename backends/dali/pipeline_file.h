// What is read of a serialized pipeline before DALI sees it: whether it is one, and the numbers that memory and threads
// are taken by.
//
// Such a file is a protobuf message without a head that would tell it from any other. DALI takes what it does not know for
// absent, so files of other frameworks would become empty pipelines.
// Source: the fields of the message that DALI 2.4 writes: 1 num_threads, 2 batch_size, 5 operators (1: its name), 7 outputs,
// 8 device.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "errors.h"

namespace neso::dali {

struct PipelineNumbers {
  int64_t max_batch_size = 0;  // 0: the file does not say
  int64_t num_threads = 0;     // likewise
};

// More than anybody means: a damaged number, which would become that much memory, or as many threads.
inline constexpr int64_t kMaxBatchSize = 1 << 20;
inline constexpr int64_t kMaxThreads = 1024;

// An error says what is wrong with it, without what is in front of errors.
Result<PipelineNumbers> ReadPipelineNumbers(std::string_view serialized);

// The same pipeline for the CPU, whatever device it was made for.
std::string ForCpu(std::string serialized);

}  // namespace neso::dali
