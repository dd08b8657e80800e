// Whatever lies in a cache outside of the process is read or refused; what is read is written as it was.
#include <cstdint>
#include <cstring>
#include <vector>

#include "base/check.h"
#include "cache/entry.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span<const std::byte> entry(reinterpret_cast<const std::byte*>(data), size);
  const neso::Expected<neso::CachedAnswer> answer = neso::ReadEntry(entry);
  if (!answer) return 0;
  const size_t written = neso::EntrySize(*answer);
  std::vector<std::byte> again(written);
  neso::WriteEntry(*answer, again);
  const neso::Expected<neso::CachedAnswer> reread = neso::ReadEntry(again);
  CHECK(reread.ok(), "what was written can be read");
  CHECK(reread->tensors.size() == answer->tensors.size() && reread->parameters.size() == answer->parameters.size(),
        "nothing is lost");
  return 0;
}
