// Recognises bytes as a model's file: as all of it, and as the beginning of a longer one.
#include <cstddef>
#include <cstdint>
#include <string>

#include "serve/model_format.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string content(reinterpret_cast<const char*>(data), size);
  for (const uint64_t beyond : {uint64_t{0}, uint64_t{1} << 40}) {
    const neso::FileEnds ends{.head = content, .tail = content, .size = size + beyond};
    (void)neso::RecognizeContent("model.py", ends);
    (void)neso::RecognizeContent("model", ends);
  }
  return 0;
}
