#include "client/numbers.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>

namespace neso::client {
namespace {

template <typename Value>
Value Load(const char* element) {
  Value value;
  std::memcpy(&value, element, sizeof(value));
  return value;
}

template <typename Value>
void Append(std::string& bytes, Value value) {
  char raw[sizeof(value)];
  std::memcpy(raw, &value, sizeof(value));
  bytes.append(raw, sizeof(raw));
}

std::string_view NameOf(TRITONSERVER_DataType type) { return FactsOfDataType(type).name; }

std::string AnyNumberText(Number number) { return fmt::format("{}", number); }

template <typename Integer>
Status AppendInteger(std::string& bytes, TRITONSERVER_DataType type, Number number) {
  constexpr auto kLeast = std::numeric_limits<Integer>::min();
  constexpr auto kMost = std::numeric_limits<Integer>::max();
  const bool fits = number >= Number(kLeast) && number <= Number(kMost) && number == std::trunc(number);
  if (!fits) return InvalidArg("{} is no {} ({} to {})", AnyNumberText(number), NameOf(type), kLeast, kMost);
  Append(bytes, static_cast<Integer>(number));
  return {};
}

Status AppendBool(std::string& bytes, Number number) {
  if (number != 0 && number != 1) return InvalidArg("{} is no BOOL (false, true, 0 or 1)", AnyNumberText(number));
  bytes += number == 1 ? '\1' : '\0';
  return {};
}

// The upper half of the FP32, rounded.
uint16_t Bfloat16Of(Number number) {
  const auto bits = std::bit_cast<uint32_t>(static_cast<float>(number));
  if (std::isnan(number)) return 0x7fc0;
  const uint32_t ties_to_even = 0x7fff + (bits >> 16 & 1);
  return static_cast<uint16_t>((bits + ties_to_even) >> 16);
}

float FloatOfBfloat16(uint16_t upper) { return std::bit_cast<float>(uint32_t{upper} << 16); }

// `raw`: `number` as `type` has it.
template <typename Raw>
Status AppendFloat(std::string& bytes, TRITONSERVER_DataType type, Number number, Raw raw) {
  const bool is_lost = std::isfinite(number) && !std::isfinite(NumberAt(type, reinterpret_cast<const char*>(&raw)));
  if (is_lost) return InvalidArg("{} is no {}: it is too large", AnyNumberText(number), NameOf(type));
  Append(bytes, raw);
  return {};
}

// Of a type with few digits, the fewest that read back as the same number; whole numbers in full.
std::string FewestDigits(TRITONSERVER_DataType type, float value) {
  constexpr float kAllAreWhole = 1 << 24;
  constexpr int kMostDigits = std::numeric_limits<float>::max_digits10;
  if (!std::isfinite(value)) return fmt::format("{}", value);
  if (value == std::trunc(value) && std::fabs(value) < kAllAreWhole) return fmt::format("{:.0f}", value);
  const auto raw_of = [type](Number number) {
    return type == TRITONSERVER_TYPE_FP16 ? HalfOf(number) : Bfloat16Of(number);
  };
  for (int digits = 1; digits < kMostDigits; digits++) {
    std::string text = fmt::format("{:.{}g}", value, digits);
    if (raw_of(*ReadNumber(text)) == raw_of(value)) return text;
  }
  return fmt::format("{}", value);
}

}  // namespace

float FloatOfHalf(uint16_t half) {
  constexpr int kSpecial = 0x1f;
  const int exponent = half >> 10 & kSpecial;
  const int fraction = half & 0x3ff;
  float magnitude;
  if (exponent == kSpecial) {
    magnitude = fraction == 0 ? std::numeric_limits<float>::infinity() : std::numeric_limits<float>::quiet_NaN();
  } else {
    magnitude = exponent == 0 ? std::ldexp(float(fraction), -24) : std::ldexp(float(1024 + fraction), exponent - 25);
  }
  return (half & 0x8000) != 0 ? -magnitude : magnitude;
}

uint16_t HalfOf(Number number) {
  constexpr Number kRoundsToInfinity = 65520;
  constexpr int kLeastExponent = -14;
  const unsigned sign = std::signbit(number) ? 0x8000 : 0;
  const Number magnitude = std::fabs(number);
  if (std::isnan(number)) return static_cast<uint16_t>(sign | 0x7e00);
  if (magnitude >= kRoundsToInfinity) return static_cast<uint16_t>(sign | 0x7c00);
  if (magnitude == 0) return static_cast<uint16_t>(sign);
  const int exponent = std::max(std::ilogb(magnitude), kLeastExponent);
  // In steps of the numbers around: below 1024 there is no leading one, and 2048 belongs to the next exponent. Both come
  // out right, since the fraction's overflow counts the exponent up.
  const auto steps = static_cast<unsigned>(std::nearbyint(std::ldexp(magnitude, 10 - exponent)));
  return static_cast<uint16_t>(sign | ((static_cast<unsigned>(exponent - kLeastExponent) << 10) + steps));
}

Number NumberAt(TRITONSERVER_DataType type, const char* element) {
  switch (type) {
    case TRITONSERVER_TYPE_BOOL:
    case TRITONSERVER_TYPE_UINT8: return Load<uint8_t>(element);
    case TRITONSERVER_TYPE_UINT16: return Load<uint16_t>(element);
    case TRITONSERVER_TYPE_UINT32: return Load<uint32_t>(element);
    case TRITONSERVER_TYPE_UINT64: return static_cast<Number>(Load<uint64_t>(element));
    case TRITONSERVER_TYPE_INT8: return Load<int8_t>(element);
    case TRITONSERVER_TYPE_INT16: return Load<int16_t>(element);
    case TRITONSERVER_TYPE_INT32: return Load<int32_t>(element);
    case TRITONSERVER_TYPE_INT64: return static_cast<Number>(Load<int64_t>(element));
    case TRITONSERVER_TYPE_FP16: return FloatOfHalf(Load<uint16_t>(element));
    case TRITONSERVER_TYPE_BF16: return FloatOfBfloat16(Load<uint16_t>(element));
    case TRITONSERVER_TYPE_FP32: return Load<float>(element);
    case TRITONSERVER_TYPE_FP64: return Load<double>(element);
    case TRITONSERVER_TYPE_BYTES:
    case TRITONSERVER_TYPE_INVALID: break;
  }
  return 0;
}

Status AppendNumber(std::string& bytes, TRITONSERVER_DataType type, Number number) {
  switch (type) {
    case TRITONSERVER_TYPE_BOOL: return AppendBool(bytes, number);
    case TRITONSERVER_TYPE_UINT8: return AppendInteger<uint8_t>(bytes, type, number);
    case TRITONSERVER_TYPE_UINT16: return AppendInteger<uint16_t>(bytes, type, number);
    case TRITONSERVER_TYPE_UINT32: return AppendInteger<uint32_t>(bytes, type, number);
    case TRITONSERVER_TYPE_UINT64: return AppendInteger<uint64_t>(bytes, type, number);
    case TRITONSERVER_TYPE_INT8: return AppendInteger<int8_t>(bytes, type, number);
    case TRITONSERVER_TYPE_INT16: return AppendInteger<int16_t>(bytes, type, number);
    case TRITONSERVER_TYPE_INT32: return AppendInteger<int32_t>(bytes, type, number);
    case TRITONSERVER_TYPE_INT64: return AppendInteger<int64_t>(bytes, type, number);
    case TRITONSERVER_TYPE_FP16: return AppendFloat(bytes, type, number, HalfOf(number));
    case TRITONSERVER_TYPE_BF16: return AppendFloat(bytes, type, number, Bfloat16Of(number));
    case TRITONSERVER_TYPE_FP32: return AppendFloat(bytes, type, number, static_cast<float>(number));
    case TRITONSERVER_TYPE_FP64: return AppendFloat(bytes, type, number, static_cast<double>(number));
    case TRITONSERVER_TYPE_BYTES:
    case TRITONSERVER_TYPE_INVALID: break;
  }
  return InvalidArg("expected a text, got the number {}", AnyNumberText(number));
}

Status AppendJsonNumber(std::string& bytes, TRITONSERVER_DataType type, const JsonValue& value) {
  if (value.IsBool()) return AppendNumber(bytes, type, value.GetBool() ? 1 : 0);
  if (value.IsInt64()) return AppendNumber(bytes, type, static_cast<Number>(value.GetInt64()));
  if (value.IsUint64()) return AppendNumber(bytes, type, static_cast<Number>(value.GetUint64()));
  if (value.IsNumber()) return AppendNumber(bytes, type, value.GetDouble());
  return InvalidArg("expected {}, got {}", NameOf(type), DumpJson(value).substr(0, 100));
}

std::string NumberText(TRITONSERVER_DataType type, Number number) {
  switch (type) {
    case TRITONSERVER_TYPE_BOOL: return number == 0 ? "false" : "true";
    case TRITONSERVER_TYPE_FP16:
    case TRITONSERVER_TYPE_BF16: return FewestDigits(type, static_cast<float>(number));
    case TRITONSERVER_TYPE_FP32: return fmt::format("{}", static_cast<float>(number));
    case TRITONSERVER_TYPE_FP64: return fmt::format("{}", static_cast<double>(number));
    default:
      return number < 0 ? fmt::format("{}", static_cast<int64_t>(number))
                        : fmt::format("{}", static_cast<uint64_t>(number));
  }
}

std::string NumberJson(TRITONSERVER_DataType type, const char* element) {
  const Number number = NumberAt(type, element);
  if (std::isfinite(number)) return NumberText(type, number);
  return std::isnan(number) ? "NaN" : number > 0 ? "Infinity" : "-Infinity";
}

Expected<Number> ReadNumber(std::string_view text) {
  if (text == "true" || text == "false") return text == "true" ? Number(1) : Number(0);
  std::string_view digits = text;
  if (digits.starts_with('+')) digits.remove_prefix(1);
  Number number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size())
    return InvalidArg("expected a number, got '{}'", text);
  return number;
}

}  // namespace neso::client
