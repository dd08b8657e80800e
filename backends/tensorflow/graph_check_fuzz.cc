// Checks bytes as a graph, with an operation that has a count: views stay inside of them.
#include <cstddef>
#include <cstdint>

#include "graph_check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace neso::tensorflow;
  static const CountAttributes counts = {{"Pack", {"N"}}, {"", {""}}};
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  (void)GraphCheck(counts).Check(bytes);
  (void)ReadCountAttributes(bytes);
  return 0;
}
