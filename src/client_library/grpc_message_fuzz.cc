// Any answer to an inference request over gRPC.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "client_library/grpc_message.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string message(reinterpret_cast<const char*>(data), size);
  const neso::Result<neso::InferAnswer> read = neso::client_library::ReadInferAnswer(message);
  size_t tensor_bytes = 0;
  if (read) {
    for (const auto& [name, tensor] : read.value().outputs) {
      tensor_bytes += tensor.bytes().size();
      (void)tensor.Values<std::string>();
      (void)tensor.Values<int64_t>();
    }
  }
  if (tensor_bytes > size) std::abort();
  return 0;
}
