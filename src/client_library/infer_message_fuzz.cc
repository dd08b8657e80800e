// Any answer to an inference request: what it says of its JSON's length, a line end, and its body.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "client_library/infer_message.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t line_end = text.find('\n');
  neso::client::HttpAnswer answer;
  answer.status = 200;
  if (line_end != std::string_view::npos)
    answer.headers.emplace_back("inference-header-content-length", text.substr(0, line_end));
  answer.body = text.substr(line_end + 1);
  const neso::Result<neso::InferAnswer> read = neso::client_library::ReadInferAnswer(answer);
  size_t tensor_bytes = 0;
  if (read) {
    for (const auto& [name, tensor] : read.value().outputs) {
      tensor_bytes += tensor.bytes().size();
      (void)tensor.Values<std::string>();
      (void)tensor.Values<int64_t>();
    }
  }
  if (tensor_bytes > answer.body.size()) std::abort();
  (void)neso::client_library::ErrorOf(answer);
  return 0;
}
