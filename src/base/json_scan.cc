#include "base/json_scan.h"

#include <rapidjson/encodings.h>
#include <rapidjson/internal/pow10.h>

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

namespace neso {
namespace {

static_assert(std::endian::native == std::endian::little);

// All functions here take where they are and where the text ends; they return where they got to, null to refuse. The
// text ends with a bracket. Nothing but a string passes a bracket without looking at it, so nothing else has to look
// out for the end.

const char* SkipBlanks(const char* at) {
  while (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t') ++at;
  return at;
}

// Beyond 9 for what is no digit.
unsigned Digit(char c) { return static_cast<unsigned char>(c - '0'); }

constexpr uint64_t Repeat(uint64_t byte) { return byte * 0x0101'0101'0101'0101; }

uint64_t LoadWord(const char* at) {
  uint64_t word = 0;
  std::memcpy(&word, at, sizeof(word));
  return word;
}

// How many of the word's characters, from the first on, are digits.
int CountDigits(uint64_t word) {
  const uint64_t others = ((word + Repeat(0x46)) | (word - Repeat('0'))) & Repeat(0x80);
  return std::countr_zero(others) / 8;
}

// The number that the word's first characters are. Precondition: 0 < count <= 8, and they are digits.
uint64_t NumberOf(uint64_t word, int count) {
  word = (word - Repeat('0')) << (64 - 8 * count);  // zeros before them
  word = word * 10 + (word >> 8);                   // pairs
  constexpr uint64_t kPairs = 0x0000'00FF'0000'00FF;
  return ((word & kPairs) * (100 + (uint64_t{1'000'000} << 32)) +
          (word >> 16 & kPairs) * (1 + (uint64_t{10'000} << 32))) >>
         32;
}

constexpr std::array<uint64_t, 9> kPowersOfTen = {1,       10,        100,        1'000,      10'000,
                                                  100'000, 1'000'000, 10'000'000, 100'000'000};

const char* SkipDigits(const char* at, const char* end) {
  while (end - at >= 8) {
    const int count = CountDigits(LoadWord(at));
    at += count;
    if (count < 8) return at;
  }
  while (Digit(*at) <= 9) ++at;
  return at;
}

// Appends the digits to `number`, modulo 2^64.
const char* AppendDigits(const char* at, const char* end, uint64_t& number) {
  while (end - at >= 8) {
    const uint64_t word = LoadWord(at);
    const int count = CountDigits(word);
    if (count == 0) return at;
    number = number * kPowersOfTen[static_cast<size_t>(count)] + NumberOf(word, count);
    at += count;
    if (count < 8) return at;
  }
  for (; Digit(*at) <= 9; ++at) number = number * 10 + Digit(*at);
  return at;
}

// More than two digits are unusual. Precondition: *at is 'e' or 'E'.
const char* ReadExponent(const char* at, int& exponent) {
  ++at;
  const bool negative = *at == '-';
  if (negative || *at == '+') ++at;
  if (Digit(*at) > 9) return nullptr;
  int read = static_cast<int>(Digit(*at++));
  if (Digit(*at) <= 9) read = read * 10 + static_cast<int>(Digit(*at++));
  exponent += negative ? -read : read;
  return at;
}

bool BeginsExponent(char c) { return c == 'e' || c == 'E'; }

const char* SkipNumber(const char* at, const char* end) {
  constexpr ptrdiff_t kMostDigits = 200;  // with any exponent of two digits still a double
  if (*at == '-') ++at;
  if (Digit(*at) > 9) return nullptr;
  const char* const first = at;
  if (*at++ != '0') {
    while (Digit(*at) <= 9) ++at;
    if (at - first > kMostDigits) return nullptr;
  }
  if (*at == '.') {
    const char* const fraction = at + 1;
    at = SkipDigits(fraction, end);
    if (at == fraction) return nullptr;
  }
  int exponent = 0;
  return BeginsExponent(*at) ? ReadExponent(at, exponent) : at;
}

// RapidJSON takes digits as an integer as long as that is below this, and as a double afterwards.
constexpr uint64_t kLastExact = (uint64_t{1} << 53) - 1;

// The digits from `first` to `last`, with a point after `before` of them, as RapidJSON reads a long number: without
// the power of ten that `exponent` becomes, and without what follows some seventeen digits.
double LongSignificand(const char* first, ptrdiff_t before, const char* last, int& exponent) {
  uint64_t whole = 0;
  const char* at = first;
  for (; at != first + before; ++at) whole = whole * 10 + Digit(*at);
  ptrdiff_t counted = before - 1;  // it leaves out the first, and zeros
  for (++at; at != last && whole <= kLastExact; ++at, --exponent) {
    whole = whole * 10 + Digit(*at);
    if (whole != 0) ++counted;
  }
  auto significand = static_cast<double>(whole);
  for (; at != last && counted < 17; ++at, --exponent, ++counted) significand = significand * 10.0 + Digit(*at);
  return significand;
}

const char* ReadReal(const char* at, const char* end, double& value) {
  const bool negative = *at == '-';
  if (negative) ++at;
  uint64_t digits = Digit(*at);
  if (digits > 9) return nullptr;
  const char* const first = at++;
  if (digits != 0) {
    for (; Digit(*at) <= 9; ++at) digits = digits * 10 + Digit(*at);
  }
  const ptrdiff_t before = at - first;
  if (before > 18) return nullptr;
  if (*at != '.' && !BeginsExponent(*at)) {
    const auto whole = static_cast<int64_t>(digits);
    value = static_cast<double>(negative ? -whole : whole);  // -0 is an integer without a sign
    return at;
  }
  auto significand = static_cast<double>(digits);
  int exponent = 0;
  if (*at == '.') {
    const char* const fraction = at + 1;
    at = AppendDigits(fraction, end, digits);
    const ptrdiff_t places = at - fraction;
    if (places == 0) return nullptr;
    if (before + places <= 19 && digits / 10 <= kLastExact) {
      significand = static_cast<double>(digits);
      exponent = -static_cast<int>(places);
    } else {
      significand = LongSignificand(first, before, at, exponent);
    }
  }
  if (BeginsExponent(*at)) {
    at = ReadExponent(at, exponent);
    if (at == nullptr) return nullptr;
  }
  if (exponent < -300) return nullptr;
  significand = exponent < 0 ? significand / rapidjson::internal::Pow10(-exponent)
                             : significand * rapidjson::internal::Pow10(exponent);
  value = negative ? -significand : significand;
  return at;
}

// What follows, a point say, is for the caller to find unusual.
template <typename Wide>
const char* ReadWhole(const char* at, Wide& value) {
  const bool negative = *at == '-';
  if (negative) ++at;
  uint64_t digits = Digit(*at);
  if (digits > 9) return nullptr;
  const char* const first = at++;
  if (digits != 0) {
    for (; Digit(*at) <= 9 && at - first < 19; ++at) digits = digits * 10 + Digit(*at);
    if (Digit(*at) <= 9) {  // the twentieth
      if (__builtin_mul_overflow(digits, 10, &digits) || __builtin_add_overflow(digits, Digit(*at), &digits)) {
        return nullptr;
      }
      ++at;
    }
  }
  constexpr uint64_t kMost = std::numeric_limits<Wide>::max();
  if (std::is_signed_v<Wide> ? digits > kMost + static_cast<uint64_t>(negative) : negative && digits != 0) {
    return nullptr;
  }
  value = static_cast<Wide>(negative ? 0 - digits : digits);
  return at;
}

const char* ReadBoolean(const char* at, const char* end, bool& value) {
  value = *at == 't';
  const std::string_view word = value ? "true" : "false";
  if (!std::string_view(at, end).starts_with(word)) return nullptr;
  return at + word.size();
}

// To the first quote, backslash or control character, or to the end.
const char* SkipPlain(const char* at, const char* end) {
  const auto zeros = [](uint64_t word) { return (word - Repeat(1)) & ~word; };  // in the highest bit of a byte
  for (; end - at >= 8; at += 8) {
    const uint64_t word = LoadWord(at);
    const uint64_t found =
        (zeros(word ^ Repeat('"')) | zeros(word ^ Repeat('\\')) | ((word - Repeat(' ')) & ~word)) & Repeat(0x80);
    if (found != 0) return at + std::countr_zero(found) / 8;
  }
  while (at != end && *at != '"' && *at != '\\' && static_cast<unsigned char>(*at) >= ' ') ++at;
  return at;
}

const char* ReadHex(const char* at, const char* end, unsigned& number) {
  if (end - at < 4) return nullptr;
  number = 0;
  for (const char* const last = at + 4; at != last; ++at) {
    const auto letter = static_cast<unsigned char>((*at | 0x20) - 'a');
    if (Digit(*at) > 9 && letter > 5) return nullptr;
    number = number * 16 + (Digit(*at) <= 9 ? Digit(*at) : letter + 10u);
  }
  return at;
}

// A character beyond 16 bits is two escapes; one of the two alone is unusual.
const char* ReadUnicodeEscape(const char* at, const char* end, unsigned& character) {
  at = ReadHex(at, end, character);
  if (at == nullptr || (character & 0xF800) != 0xD800) return at;
  if (character >= 0xDC00 || !std::string_view(at, end).starts_with("\\u")) return nullptr;
  unsigned low = 0;
  at = ReadHex(at + 2, end, low);
  if (at == nullptr || (low & 0xFC00) != 0xDC00) return nullptr;
  character = 0x10000 + ((character & 0x3FF) << 10 | (low & 0x3FF));
  return at;
}

// `at` is after the backslash.
const char* ReadEscape(const char* at, const char* end, unsigned& character) {
  switch (*at) {
    case 'u': return ReadUnicodeEscape(at + 1, end, character);
    case '"':
    case '\\':
    case '/': character = static_cast<unsigned char>(*at); break;
    case 'b': character = '\b'; break;
    case 'f': character = '\f'; break;
    case 'n': character = '\n'; break;
    case 'r': character = '\r'; break;
    case 't': character = '\t'; break;
    default: return nullptr;
  }
  return at + 1;
}

size_t Utf8Size(unsigned character) {
  return character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
}

const char* ReadString(const char* at, const char* end, JsonStringText& string) {
  if (*at != '"') return nullptr;
  const char* const begin = ++at;
  string.size = 0;
  for (;;) {
    const char* const stop = SkipPlain(at, end);
    string.size += static_cast<size_t>(stop - at);
    if (stop == end) return nullptr;
    if (*stop == '"') {
      string.text = {begin, stop};
      return stop + 1;
    }
    if (*stop != '\\') return nullptr;
    unsigned character = 0;
    at = ReadEscape(stop + 1, end, character);
    if (at == nullptr) return nullptr;
    string.size += Utf8Size(character);
  }
}

const char* SkipScalar(const char* at, const char* end) {
  if (*at == '-' || Digit(*at) <= 9) return SkipNumber(at, end);
  bool boolean = false;
  JsonStringText string;
  return *at == '"' ? ReadString(at, end, string) : ReadBoolean(at, end, boolean);
}

// The array that `text` begins with; `scalar` reads one.
template <typename ReadScalar>
std::optional<JsonElements> Scan(std::string_view text, ReadScalar scalar) {
  if (text.size() < 2 || text.front() != '[' || text.back() != ']') return {};
  const char* const end = text.data() + text.size();
  const char* at = text.data();
  int depth = 0;
  size_t count = 0;
  for (;;) {
    if (*at == '[') {
      if (++depth > kMaxJsonNesting) return {};
      at = SkipBlanks(at + 1);
      if (*at != ']') continue;
    } else {
      at = scalar(at, end);
      if (at == nullptr) return {};
      count += static_cast<size_t>(depth == 1);
      at = SkipBlanks(at);
    }
    while (*at == ']') {
      ++at;
      if (--depth == 0) return JsonElements{.text = {text.data(), at}, .count = count};
      if (at == end) return {};
      count += static_cast<size_t>(depth == 1);
      at = SkipBlanks(at);
    }
    if (*at != ',') return {};
    at = SkipBlanks(at + 1);
  }
}

template <typename T>
const char* ReadScalar(const char* at, const char* end, T& value) {
  if constexpr (std::is_same_v<T, bool>) {
    return ReadBoolean(at, end, value);
  } else {
    using Wide = std::conditional_t<std::is_floating_point_v<T>, double,
                                    std::conditional_t<std::is_signed_v<T>, int64_t, uint64_t>>;
    Wide wide{};
    if constexpr (std::is_floating_point_v<T>) {
      at = ReadReal(at, end, wide);
    } else {
      at = ReadWhole(at, wide);
    }
    value = static_cast<T>(wide);
    return at;
  }
}

}  // namespace

std::optional<JsonElements> ScanJsonElements(std::string_view text) { return Scan(text, SkipScalar); }

template <typename T>
bool ReadJsonElements(std::string_view array, std::span<T> out) {
  T* next = out.data();
  T* const last = next + out.size();
  const auto take = [&](const char* at, const char* end) -> const char* {
    return next == last ? nullptr : ReadScalar(at, end, *next++);
  };
  return Scan(array, take).has_value() && next == last;
}

template bool ReadJsonElements(std::string_view, std::span<bool>);
template bool ReadJsonElements(std::string_view, std::span<uint8_t>);
template bool ReadJsonElements(std::string_view, std::span<uint16_t>);
template bool ReadJsonElements(std::string_view, std::span<uint32_t>);
template bool ReadJsonElements(std::string_view, std::span<uint64_t>);
template bool ReadJsonElements(std::string_view, std::span<int8_t>);
template bool ReadJsonElements(std::string_view, std::span<int16_t>);
template bool ReadJsonElements(std::string_view, std::span<int32_t>);
template bool ReadJsonElements(std::string_view, std::span<int64_t>);
template bool ReadJsonElements(std::string_view, std::span<float>);
template bool ReadJsonElements(std::string_view, std::span<double>);

bool ForEachJsonString(std::string_view array, const std::function<void(const JsonStringText& string)>& take) {
  const auto read = [&](const char* at, const char* end) {
    JsonStringText string;
    at = ReadString(at, end, string);
    if (at != nullptr) take(string);
    return at;
  };
  return Scan(array, read).has_value();
}

void JsonStringText::CopyTo(char* out) const {
  struct Stream {  // as RapidJSON wants one
    char* out;
    void Put(char c) { *out++ = c; }
  } stream{out};
  const char* at = text.data();
  const char* const end = at + text.size();
  for (;;) {
    const char* const stop = SkipPlain(at, end);
    stream.out = std::copy(at, stop, stream.out);
    if (stop == end) return;
    unsigned character = 0;
    at = ReadEscape(stop + 1, end, character);
    rapidjson::UTF8<>::Encode(stream, character);
  }
}

}  // namespace neso
