// The file of keys. What was read is written and read again, and is the same; ids and patterns are asked about.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "frontend/access/access_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)neso::IdOfToken(text);
  const auto keys = neso::ParseAccessFile(text);
  if (!keys) return 0;
  for (const neso::AccessKey& key : *keys) (void)key.Sees("digits");
  const auto again = neso::ParseAccessFile(neso::AccessFileText(*keys));
  CHECK(again.ok() && *again == *keys, "what was written is what was read");
  return 0;
}
