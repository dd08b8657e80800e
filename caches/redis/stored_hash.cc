#include "stored_hash.h"

#include <charconv>

namespace neso::redis_cache {
namespace {

// More buffers than any answer is made of.
constexpr size_t kMaxBuffers = 4096;
constexpr size_t kFieldsOfABuffer = 4;

std::optional<size_t> NumberOf(std::string_view text) {
  size_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

std::optional<std::vector<std::span<const std::byte>>> BuffersOf(std::span<const Field> fields) {
  const size_t count = fields.size() / kFieldsOfABuffer;
  if (fields.empty() || fields.size() % kFieldsOfABuffer != 0 || count > kMaxBuffers) return std::nullopt;
  std::vector<std::optional<std::string_view>> bytes(count);
  std::vector<std::optional<size_t>> sizes(count);
  for (const auto& [name, value] : fields) {
    const size_t colon = name.find(':');
    const std::optional<size_t> index = NumberOf(name.substr(0, colon));
    if (colon == std::string_view::npos || !index || *index >= count) return std::nullopt;
    const std::string_view kind = name.substr(colon + 1);
    if (kind == "b") bytes[*index] = value;
    if (kind == "s") sizes[*index] = NumberOf(value);
  }
  std::vector<std::span<const std::byte>> buffers;
  for (size_t i = 0; i < count; ++i) {
    if (!bytes[i] || !sizes[i] || bytes[i]->size() != *sizes[i]) return std::nullopt;
    buffers.emplace_back(reinterpret_cast<const std::byte*>(bytes[i]->data()), bytes[i]->size());
  }
  return buffers;
}

std::vector<std::string_view> FieldsOf(std::span<const std::span<const std::byte>> buffers,
                                       std::vector<std::string>& kept) {
  kept.clear();
  kept.reserve(buffers.size() * (kFieldsOfABuffer + 1));  // so that views of short texts stay what they are
  std::vector<std::string_view> fields;
  const auto add = [&](size_t index, const char* kind, std::string_view value) {
    fields.push_back(kept.emplace_back(std::to_string(index) + ":" + kind));
    fields.push_back(value);
  };
  for (size_t i = 0; i < buffers.size(); ++i) {
    add(i, "b", {reinterpret_cast<const char*>(buffers[i].data()), buffers[i].size()});
    add(i, "s", kept.emplace_back(std::to_string(buffers[i].size())));
    add(i, "t", "0");
    add(i, "i", "0");
  }
  return fields;
}

}  // namespace neso::redis_cache
