// Arrays of elements in their usual forms, read quickly. What is not usual, or is not JSON, is refused, and RapidJSON,
// whose behaviour is the contract, reads it instead (json.h, json_elements.h): so nothing here has an error text.
//
//   std::optional<JsonElements> elements = ScanJsonElements("[[1, 2], 3] ...");   // text "[[1, 2], 3]", count 2
//   std::vector<float> values(3);
//   bool read = ReadJsonElements<float>(elements->text, values);
//
// What is read is what RapidJSON reads, bit for bit: doubles, too, which it does not round correctly when they have
// more than fifteen digits (a sixth of those with seventeen are one unit off). json_scan_fuzz holds them equal.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string_view>

#include "base/json.h"

namespace neso {

// The array that `text`, which ends with a bracket ']', begins with. Unset: it has something unusual in it, is nested
// deeper than kMaxJsonNesting, or is not well formed.
std::optional<JsonElements> ScanJsonElements(std::string_view text);

// Fills `out` with the scalars of `array`, the text of JsonElements, however deep they stand. False, with anything in
// `out`: they are not so many, or one of them is unusual or cannot be taken as such a value. Integers are taken as
// uint64_t or int64_t and truncated, as the contract says; numbers as double, and then as float.
template <typename T>
bool ReadJsonElements(std::string_view array, std::span<T> out);

// A string, still with its escapes.
struct JsonStringText {
  std::string_view text;  // between the quotes
  size_t size = 0;        // without escapes

  // Writes `size` bytes.
  void CopyTo(char* out) const;
};

// Calls `take` with each string of `array`, as above. False: something in it is none, or unusual.
bool ForEachJsonString(std::string_view array, const std::function<void(const JsonStringText& string)>& take);

}  // namespace neso
