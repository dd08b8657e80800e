// Any text is read to its end or refused.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "ir_text.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const neso::backend::Status checked = neso::openvino::CheckIrText({reinterpret_cast<const char*>(data), size});
  if (!checked.ok() && checked.message().empty()) std::abort();
  return 0;
}
