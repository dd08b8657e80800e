// An answer as it lies in Redis: a hash with four fields for each buffer i, "<i>:b" its bytes, "<i>:s" how many, "<i>:t"
// and "<i>:i" the type and the id of the memory that it came from (always 0: the CPU's). Pure functions.
//
// Source: Triton's Redis cache stores the same.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace neso::redis_cache {

using Field = std::pair<std::string_view, std::string_view>;  // name, value

// The buffers in their order, as views of the fields; nothing for fields that are no whole answer: anybody may write them.
std::optional<std::vector<std::span<const std::byte>>> BuffersOf(std::span<const Field> fields);

// The fields of an answer, in the order in which HSET takes them: names and values in turn.
std::vector<std::string_view> FieldsOf(std::span<const std::span<const std::byte>> buffers,
                                       std::vector<std::string>& kept);

}  // namespace neso::redis_cache
