// Any bytes are a pipeline or are refused with a reason; for the CPU, they are the same pipeline.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "pipeline_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string file(reinterpret_cast<const char*>(data), size);
  const auto numbers = neso::dali::ReadPipelineNumbers(file);
  if (!numbers && numbers.status().message().empty()) std::abort();
  if (numbers && !neso::dali::ReadPipelineNumbers(neso::dali::ForCpu(file))) std::abort();
  return 0;
}
