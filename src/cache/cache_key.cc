#include "cache/cache_key.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "core/model.h"

namespace neso {
namespace {

// What is hashed says where each part ends, so that no two requests give the same bytes.
class Hash {
 public:
  explicit Hash(uint64_t seed) {
    XXH3_INITSTATE(&state_);
    XXH3_128bits_reset_withSeed(&state_, seed);
  }

  void Bytes(const void* data, size_t size) { XXH3_128bits_update(&state_, data, size); }
  void Number(uint64_t number) { Bytes(&number, sizeof(number)); }
  void Text(std::string_view text) {
    Number(text.size());
    Bytes(text.data(), text.size());
  }
  CacheKey Key() const {
    const XXH128_hash_t hash = XXH3_128bits_digest(&state_);
    return {hash.high64, hash.low64};
  }

 private:
  XXH3_state_t state_;
};

// Pointers to `items` in the order of their names.
template <typename Item, typename NameOf>
std::vector<const Item*> ByName(std::span<const Item> items, NameOf name_of) {
  std::vector<const Item*> sorted;
  sorted.reserve(items.size());
  for (const Item& item : items) sorted.push_back(&item);
  if (sorted.size() > 1) {
    std::sort(sorted.begin(), sorted.end(), [&](const Item* a, const Item* b) { return name_of(*a) < name_of(*b); });
  }
  return sorted;
}

Status AddInputs(const InferenceRequest& request, Hash& hash) {
  hash.Number(request.own_inputs().size());
  for (const Input* input : ByName(request.own_inputs(), [](const Input& i) -> auto& { return i.name(); })) {
    hash.Text(input->name());
    hash.Number(static_cast<uint64_t>(input->datatype()));
    hash.Number(input->shape().size());
    hash.Bytes(input->shape().data(), input->shape().size() * sizeof(int64_t));
    hash.Number(input->byte_size());
    for (const InputBuffer& buffer : input->buffers()) {
      if (buffer.attributes.memory_type == MemoryType::kGpu) {
        return Internal("Only input buffers in CPU memory are allowed in cache currently");
      }
      hash.Bytes(buffer.base, buffer.attributes.byte_size);
    }
  }
  return {};
}

void AddParameters(const InferenceRequest& request, Hash& hash) {
  hash.Number(request.parameters().size());
  for (const NamedParameter* parameter : ByName(request.parameters(), [](const auto& p) -> auto& { return p.name; })) {
    hash.Text(parameter->name);
    hash.Number(parameter->value.index());
    if (const auto* text = std::get_if<std::string>(&parameter->value)) {
      hash.Text(*text);
      continue;
    }
    std::visit(
        [&hash](const auto& value) {
          if constexpr (std::is_arithmetic_v<std::decay_t<decltype(value)>>) hash.Bytes(&value, sizeof(value));
        },
        parameter->value);
  }
}

}  // namespace

CacheKey::CacheKey(uint64_t high, uint64_t low) : low_(low) {
  constexpr char kHexadecimal[] = "0123456789abcdef";
  for (size_t i = 0; i < kDigits; ++i) {
    const uint64_t half = i < kDigits / 2 ? high : low;
    text_[i] = kHexadecimal[(half >> (60 - 4 * (i % (kDigits / 2)))) & 0xf];
  }
  text_[kDigits] = '\0';
}

Expected<CacheKey> HashRequest(const InferenceRequest& request, uint64_t seed) {
  Hash hash(seed);
  hash.Text(request.model()->id());
  hash.Number(static_cast<uint64_t>(request.model()->version()));
  RETURN_IF_ERROR(AddInputs(request, hash));
  hash.Number(request.outputs().size());
  for (const std::string* output : ByName(request.outputs(), [](const std::string& name) -> auto& { return name; })) {
    hash.Text(*output);
  }
  AddParameters(request, hash);
  return hash.Key();
}

}  // namespace neso
