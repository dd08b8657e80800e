#include "base/json_double.h"

#include <rapidjson/internal/diyfp.h>
#include <rapidjson/internal/dtoa.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace neso {
namespace {

static_assert(std::endian::native == std::endian::little);

using rapidjson::internal::DiyFp;  // 64 bits of significand and an exponent of two
__extension__ using uint128 = unsigned __int128;

constexpr int kFractionBits = 52;
constexpr uint64_t kHiddenBit = uint64_t{1} << kFractionBits;
constexpr uint64_t kMostExponent = 0x7FF;  // of infinities and NaN
constexpr int kExponentBias = 1023 + kFractionBits;

constexpr auto kPowersOfTen = [] {
  std::array<uint64_t, 20> powers{1};
  for (size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
  return powers;
}();

// The value is digits * 10^exponent; no digit at its end is 0.
struct Decimal {
  uint64_t digits;
  int exponent;
};

// Digits are made from fixed-point numbers of 32 to 60 fraction bits, whose interval of values that read back the same
// is 2^9 wide at least. Beyond this many fraction digits, the rest is always within such an interval.
constexpr auto kEnoughDigits = [] {
  std::array<uint8_t, 61> enough{};
  for (size_t bits = 32; bits < enough.size(); ++bits) {
    for (uint128 width = 512; width < uint128{1} << bits; width *= 10) ++enough[bits];
  }
  return enough;
}();

// What undoes a multiplication by `odd`, modulo 2^64.
constexpr uint64_t Inverse(uint64_t odd) {
  uint64_t inverse = odd;                                    // right in three bits
  for (int i = 0; i < 5; ++i) inverse *= 2 - odd * inverse;  // and in twice as many each time
  return inverse;
}

// Takes kZeros zeros off the end, if so many are there; without a branch, which would be guessed wrong.
template <int kZeros>
void StripZerosOf(Decimal& decimal) {
  constexpr uint64_t kPower = kPowersOfTen[kZeros];
  // Multiples of the power, and they alone, become what they are multiples by.
  const uint64_t quotient = std::rotr(decimal.digits * Inverse(kPower >> kZeros), kZeros);
  const bool strip = quotient <= UINT64_MAX / kPower;
  decimal.digits = strip ? quotient : decimal.digits;
  decimal.exponent += strip ? kZeros : 0;
}

// Seventeen digits at most, of which one at least is not 0.
Decimal StripZeros(Decimal decimal) {
  StripZerosOf<8>(decimal);
  StripZerosOf<8>(decimal);
  StripZerosOf<4>(decimal);
  StripZerosOf<2>(decimal);
  StripZerosOf<1>(decimal);
  return decimal;
}

// The upper half of a product, rounded.
uint64_t Scaled(uint64_t a, uint64_t b) {
  const uint128 product = static_cast<uint128>(a) * b;
  return static_cast<uint64_t>(product >> 64) + (static_cast<uint64_t>(product) >> 63);
}

// What Grisu2's rounding does: lowers the last digit as long as that comes closer to the value. All are fractions of
// `one`: `rest`, what is beyond the digits; `distance`, of the value from the interval's upper end; `width`, of it.
uint64_t RoundLastDigit(uint64_t digits, uint64_t rest, uint64_t distance, uint64_t width, uint64_t one) {
  while (rest < distance && width - rest >= one && (rest + one < distance || distance - rest > rest + one - distance)) {
    --digits;
    rest += one;
  }
  return digits;
}

// RapidJSON's table of powers of ten: that which brings a number of 64 bits and this exponent of two to fixed point.
// Sets `power` to the exponent of ten that undoes it.
DiyFp ScaleOf(int exponent, int& power) {
  // The ceiling of (-61 - exponent) * log10(2), in fixed point; 347 makes it positive, and the table has every eighth.
  constexpr int64_t kLogOfTwo = 1'292'913'986;  // times 2^32
  const auto index = static_cast<unsigned>(((347 - (((61 + exponent) * kLogOfTwo) >> 32)) >> 3) + 1);
  power = 348 - static_cast<int>(8 * index);
  return rapidjson::internal::GetCachedPowerByIndex(index);
}

// Grisu2 with RapidJSON's arithmetic, of the number fraction * 2^exponent, whose fraction has 53 bits. False in a case
// that is too rare to be met, where RapidJSON may generate digits in another way.
//
// Grisu2 gives the first digits of the interval's upper end, as few as leave a rest below the interval's width. The
// rest grows with every digit that is left off, so it is enough to look at the one place where one more digit is
// surely enough: at most one digit that is not 0 can be left off from there.
inline bool ShortDigits(uint64_t fraction, int exponent, Decimal& decimal) {
  // The borders between the number and its neighbours, with 64 bits. The one below a power of two is closer.
  exponent -= 11;
  const uint64_t upper = (2 * fraction + 1) << 10;
  const uint64_t lower = fraction == kHiddenBit ? (4 * fraction - 1) << 9 : (2 * fraction - 1) << 10;
  int power = 0;
  const DiyFp scale = ScaleOf(exponent, power);
  // One unit inside on both sides, since the products may be off by one.
  const uint64_t high = Scaled(upper, scale.f) - 1;
  const uint64_t interval = high - (Scaled(lower, scale.f) + 1);

  const int bits = -(exponent + scale.e + 64);  // of fractions, from 32 to 60
  const uint64_t one = uint64_t{1} << bits;
  size_t places = kEnoughDigits[static_cast<size_t>(bits)];
  places -= static_cast<size_t>(interval * kPowersOfTen[places - 1] >= one);
  const uint64_t width = interval * kPowersOfTen[places];  // from `one` to ten times that
  const uint128 all = static_cast<uint128>(high) * kPowersOfTen[places];
  const uint64_t digits = static_cast<uint64_t>(all >> 64) << (64 - bits) | static_cast<uint64_t>(all) >> bits;
  const uint64_t rest = static_cast<uint64_t>(all) & (one - 1);

  const uint64_t fewer = digits / 10;
  const uint64_t rest_of_fewer = (digits - fewer * 10) * one + rest;
  if (rest_of_fewer == width) [[unlikely]]
    return false;  // whether that is enough depends on the place
  // Without a branch, which would be guessed wrong every other time.
  const auto one_less = static_cast<uint64_t>(rest_of_fewer < width);
  decimal = {.digits = digits - (digits - fewer) * one_less,
             .exponent = power - static_cast<int>(places) + static_cast<int>(one_less)};
  if (places < 9 && one_less == 0) {  // RapidJSON does not round further digits
    decimal.digits =
        RoundLastDigit(digits, rest, (high - Scaled(fraction << 11, scale.f)) * kPowersOfTen[places], width, one);
  }
  return true;
}

inline int CountDigits(uint64_t number) {
  constexpr uint64_t kSixteen = kPowersOfTen[15];
  if (number >= kSixteen) [[likely]]
    return 16 + static_cast<int>(number >= kPowersOfTen[16]);
  const int guess = (64 - std::countl_zero(number)) * 1233 >> 12;  // log10(2) is about 1233 / 4096
  return guess + static_cast<int>(number >= kPowersOfTen[static_cast<size_t>(guess)]);
}

// Eight digits as characters, the first in the lowest byte: halves, then quarters, then digits, side by side.
inline uint64_t EightDigits(uint64_t number) {
  const uint64_t halves = number / 10'000 | number % 10'000 << 32;
  const uint64_t hundreds = (halves * 10'486 >> 20) & 0x7F'0000'007F;
  const uint64_t pairs = hundreds | (halves - 100 * hundreds) << 16;
  const uint64_t tens = (pairs * 103 >> 10) & 0x000F'000F'000F'000F;
  return 0x3030'3030'3030'3030 + (tens | (pairs - 10 * tens) << 8);
}

char* WriteExponent(int exponent, char* out) {
  *out++ = 'e';
  return std::to_chars(out, out + 4, exponent).ptr;
}

// A point in the middle of digits or before them: 1.5, 15.25, 0.015. Writes words over each other and reads none of
// them back, which would have to wait until they have left the processor's store buffer.
// Precondition: -6 < point <= 6 and point < count.
char* WriteWithPoint(uint64_t left_aligned, int count, int point, char* out) {
  const uint64_t front = left_aligned / 100'000'000;  // nine digits
  const uint64_t digit = '0' + front / 100'000'000;
  const uint64_t next_eight = EightDigits(front % 100'000'000);
  const uint64_t last_eight = EightDigits(left_aligned % 100'000'000);
  const int zeros = std::max(1 - point, 0);     // before the first digit
  const int before_point = std::max(point, 1);  // zeros or digits
  const int shift = 8 * zeros;
  // The first eight characters if there were no point.
  const uint64_t first = (digit | next_eight << 8) << shift | (0x3030'3030'3030'3030 & ((uint64_t{1} << shift) - 1));
  const uint64_t below = (uint64_t{1} << 8 * before_point) - 1;
  const uint64_t with_point = (first & below) | uint64_t{'.'} << 8 * before_point | (first & ~below) << 8;
  std::memcpy(out + zeros + 2, &next_eight, 8);
  std::memcpy(out + zeros + 10, &last_eight, 8);
  std::memcpy(out, &with_point, 8);
  return out + zeros + count + 1;
}

// Any other notation: 1e22 without a fraction, 1.5e-7, 15000000.0, 123456789.5.
[[gnu::noinline]] char* WriteRarely(Decimal decimal, int count, int point, char* out) {
  char digits[24];
  std::to_chars(digits, digits + sizeof(digits), decimal.digits);
  if (point > 21 || point <= -6) {
    *out++ = digits[0];
    if (count > 1) {
      *out++ = '.';
      out = std::copy(digits + 1, digits + count, out);
    }
    return WriteExponent(point - 1, out);
  }
  if (point >= count) {
    out = std::fill_n(std::copy(digits, digits + count, out), point - count, '0');
    *out++ = '.';
    *out++ = '0';
    return out;
  }
  out = std::copy(digits, digits + point, out);
  *out++ = '.';
  return std::copy(digits + point, digits + count, out);
}

char* WriteWord(std::string_view word, char* out) { return std::copy(word.begin(), word.end(), out); }

// 0, what is no number, and subnormal numbers, whose digits are made in another way.
[[gnu::noinline]] char* WriteSpecial(double value, char* out) {
  if (std::isnan(value)) return WriteWord("NaN", out);
  if (std::isinf(value)) return WriteWord(value < 0 ? "-Infinity" : "Infinity", out);
  return rapidjson::internal::dtoa(value, out);
}

char* WriteWhole(uint64_t value, char* out) { return WriteWord(".0", std::to_chars(out, out + 16, value).ptr); }

}  // namespace

char* WriteJsonDouble(double value, char* out) {
  const auto bits = std::bit_cast<uint64_t>(value);
  const uint64_t biased = bits >> kFractionBits & kMostExponent;
  if (biased - 1 >= kMostExponent - 1) [[unlikely]]
    return WriteSpecial(value, out);
  const uint64_t fraction = (bits & (kHiddenBit - 1)) | kHiddenBit;
  const int exponent = static_cast<int>(biased) - kExponentBias;
  *out = '-';
  char* const begin = out + (bits >> 63);
  const auto below_point = static_cast<unsigned>(-exponent);
  if (below_point < 64 && (fraction & ((uint64_t{1} << below_point) - 1)) == 0) {
    return WriteWhole(fraction >> below_point, begin);
  }
  Decimal decimal;
  if (!ShortDigits(fraction, exponent, decimal)) [[unlikely]]
    return WriteSpecial(value, out);
  if (decimal.digits % 10 == 0) decimal = StripZeros(decimal);
  const int count = CountDigits(decimal.digits);
  const int point = count + decimal.exponent;  // how many digits stand before it
  if (point <= -6 || point > 6 || point >= count) [[unlikely]]
    return WriteRarely(decimal, count, point, begin);
  return WriteWithPoint(decimal.digits * kPowersOfTen[static_cast<size_t>(17 - count)], count, point, begin);
}

}  // namespace neso
