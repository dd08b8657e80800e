// Whatever fields a hash in Redis has, they are an answer or none; an answer gives the same fields again. The input is names
// and values, each ended by a zero byte.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "stored_hash.h"

using neso::redis_cache::BuffersOf;
using neso::redis_cache::Field;
using neso::redis_cache::FieldsOf;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const auto next = [&rest] {
    const std::string_view word = rest.substr(0, rest.find('\0'));
    rest.remove_prefix(std::min(word.size() + 1, rest.size()));
    return word;
  };
  std::vector<Field> fields;
  while (!rest.empty()) {
    const std::string_view name = next();
    fields.emplace_back(name, next());
  }
  const auto buffers = BuffersOf(fields);
  if (!buffers) return 0;
  std::vector<std::string> kept;
  const std::vector<std::string_view> words = FieldsOf(*buffers, kept);
  std::vector<Field> again;
  for (size_t i = 0; i + 1 < words.size(); i += 2) again.emplace_back(words[i], words[i + 1]);
  const auto reread = BuffersOf(again);
  if (!reread || reread->size() != buffers->size()) std::abort();
  return 0;
}
