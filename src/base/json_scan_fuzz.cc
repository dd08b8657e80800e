// What the quick reader of arrays accepts, RapidJSON accepts, too, and it reads the same, bit for bit. The input is the
// text that begins with an array.
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/json_elements.h"
#include "base/json_scan.h"

namespace {

using neso::JsonValue;

std::vector<JsonValue> Scalars(std::string_view array, neso::JsonPool& pool) {
  std::vector<JsonValue> scalars;
  const auto keep = [&](const JsonValue& value) -> neso::Status {
    JsonValue& kept = scalars.emplace_back();
    if (value.IsString()) {
      kept.SetString(value.GetString(), value.GetStringLength(), pool);  // the reader's memory
    } else {
      kept.CopyFrom(value, pool);
    }
    return {};
  };
  CHECK(neso::ForEachJsonElement(array, keep).ok(), "nothing refuses a scalar");
  return scalars;
}

template <typename T, typename Wide>
void CompareValues(std::string_view array, const std::vector<JsonValue>& scalars, bool (JsonValue::*is)() const,
                   Wide (JsonValue::*get)() const) {
  const size_t count = scalars.size();
  const auto values = std::make_unique<T[]>(count);
  if (!neso::ReadJsonElements<T>(array, {values.get(), count})) return;
  for (size_t i = 0; i < count; ++i) {
    CHECK((scalars[i].*is)(), "only such values are read");
    const T expected = static_cast<T>((scalars[i].*get)());
    // Minus zero is not zero here.
    const auto bits = [](T value) { return std::bit_cast<std::array<std::byte, sizeof(T)>>(value); };
    CHECK(bits(expected) == bits(values[i]), "the same value");
  }
}

void CompareStrings(std::string_view array, const std::vector<JsonValue>& scalars) {
  size_t next = 0;
  const auto compare = [&](const neso::JsonStringText& string) {
    CHECK(next < scalars.size() && scalars[next].IsString(), "only strings are read");
    std::string text(string.size, '\0');
    string.CopyTo(text.data());
    CHECK(text == neso::JsonText(scalars[next]), "the same text");
    ++next;
  };
  if (!neso::ForEachJsonString(array, compare)) return;
  CHECK(next == scalars.size(), "all of them");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);  // its end is watched
  const auto elements = neso::ScanJsonElements(text);
  if (!elements) return 0;

  // With nothing after it and nothing skipped, RapidJSON finds an array of as many values.
  neso::JsonDocument document;
  CHECK(document.Parse(elements->text).ok(), "what is accepted is JSON");
  CHECK(document.root().IsArray() && document.root().Size() == elements->count, "of as many values");

  neso::JsonPool pool;
  const std::vector<JsonValue> scalars = Scalars(elements->text, pool);
  CompareValues<bool>(elements->text, scalars, &JsonValue::IsBool, &JsonValue::GetBool);
  CompareValues<double>(elements->text, scalars, &JsonValue::IsNumber, &JsonValue::GetDouble);
  CompareValues<float>(elements->text, scalars, &JsonValue::IsNumber, &JsonValue::GetDouble);
  CompareValues<int64_t>(elements->text, scalars, &JsonValue::IsInt64, &JsonValue::GetInt64);
  CompareValues<int8_t>(elements->text, scalars, &JsonValue::IsInt64, &JsonValue::GetInt64);
  CompareValues<uint64_t>(elements->text, scalars, &JsonValue::IsUint64, &JsonValue::GetUint64);
  CompareValues<uint16_t>(elements->text, scalars, &JsonValue::IsUint64, &JsonValue::GetUint64);
  CompareStrings(elements->text, scalars);
  return 0;
}
