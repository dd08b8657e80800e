// Files of settings: whoever writes them does so by hand, or by a template that went wrong.
#include "object_store/settings.h"

#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace neso;
  using namespace neso::object_store;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const auto& [section, settings] : ParseIni(text)) {
    for (const auto& [name, value] : settings)
      CHECK(name.find('=') == std::string::npos, "a name ends at the first '='");
  }
  const Expected<CredentialFile> file = ParseCredentialFile(text);
  if (!file) return 0;
  for (const auto& [store, entries] : file->by_store) {
    for (const auto& [key, entry] : entries) {
      std::string prefix;
      CHECK(file->Find(store, key, prefix) == &entry && prefix == key, "an entry is found by its own prefix");
      CHECK(file->Find(store, key + "/more", prefix) != nullptr, "and by what lies below it");
    }
  }
  return 0;
}
