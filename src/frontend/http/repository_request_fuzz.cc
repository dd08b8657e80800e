// The bodies of repository requests: the first byte picks which of them, the rest is the body. What was parsed is
// looked at, so that views and sizes are checked too.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "frontend/http/repository_request.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 3) {
    case 0: (void)neso::ParseIndexRequest(body).ok(); break;
    case 1: (void)neso::ParseUnloadRequest(body).ok(); break;
    default: {
      const auto parameters = neso::ParseLoadRequest(body);
      if (!parameters) break;
      for (const neso::LoadParameter& parameter : *parameters) {
        CHECK(parameter.is_bytes == parameter.name.starts_with("file:"), "only files are bytes");
        CHECK(parameter.value.size() <= body.size(), "nothing is longer than what it was made of");
      }
    }
  }
  return 0;
}
