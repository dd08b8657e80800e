// Any bytes as a .npy file: what can be read, can be written and read again.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "command/infer/npy.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace neso::command;
  const auto tensor = ReadNpy({reinterpret_cast<const char*>(data), size});
  if (!tensor) return 0;
  const auto file = WriteNpy(*tensor);
  CHECK(file.ok(), "what was read has a form");
  const auto again = ReadNpy(*file);
  CHECK(again.ok() && again->bytes == tensor->bytes && again->shape == tensor->shape, "and is the same again");
  return 0;
}
