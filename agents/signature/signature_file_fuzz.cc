// Signature files lie beside models, and whoever can write there can write them.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "signature_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace neso::signature;
  const std::string contents(reinterpret_cast<const char*>(data), size);
  const std::optional<SignatureFile> file = ParseSignatureFile(contents);
  if (!file) return 0;
  // What is signed stands at the front, whole lines of it, and signatures behind it.
  if (!contents.starts_with(file->text) || !file->text.ends_with('\n') || file->signatures.empty()) std::abort();
  (void)LinesByPath(file->text);
  return 0;
}
