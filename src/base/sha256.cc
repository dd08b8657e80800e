#include "base/sha256.h"

#include <bit>
#include <cstring>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

namespace neso {
namespace {

constexpr size_t kBlockBytes = 64;
using Words = std::array<uint32_t, 8>;

// The first 32 bits of the fractional parts of the cube roots of the first 64 primes (4.2.2).
constexpr std::array<uint32_t, 64> kRounds = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};
// Likewise of the square roots of the first eight primes (5.3.3).
constexpr Words kInitial = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                            0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

uint32_t ReadWord(const uint8_t* at) {
  return uint32_t{at[0]} << 24 | uint32_t{at[1]} << 16 | uint32_t{at[2]} << 8 | uint32_t{at[3]};
}
void WriteWord(uint8_t* at, uint32_t word) {
  for (int i = 0; i < 4; ++i) at[i] = static_cast<uint8_t>(word >> (24 - 8 * i));
}

// One block (6.2.2).
void Compress(Words& hash, const uint8_t* block) {
  std::array<uint32_t, 64> schedule;
  for (size_t t = 0; t < 16; ++t) schedule[t] = ReadWord(block + 4 * t);
  for (size_t t = 16; t < 64; ++t) {
    const uint32_t w2 = schedule[t - 2], w15 = schedule[t - 15];
    const uint32_t s1 = std::rotr(w2, 17) ^ std::rotr(w2, 19) ^ (w2 >> 10);
    const uint32_t s0 = std::rotr(w15, 7) ^ std::rotr(w15, 18) ^ (w15 >> 3);
    schedule[t] = s1 + schedule[t - 7] + s0 + schedule[t - 16];
  }
  auto [a, b, c, d, e, f, g, h] = hash;
  for (size_t t = 0; t < 64; ++t) {
    const uint32_t sum1 = std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25);
    const uint32_t t1 = h + sum1 + ((e & f) ^ (~e & g)) + kRounds[t] + schedule[t];
    const uint32_t sum0 = std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22);
    const uint32_t t2 = sum0 + ((a & b) ^ (a & c) ^ (b & c));
    h = g;
    g = f;
    f = e;
    e = d + t1;
    d = c;
    c = b;
    b = a;
    a = t1 + t2;
  }
  const Words add = {a, b, c, d, e, f, g, h};
  for (size_t i = 0; i < hash.size(); ++i) hash[i] += add[i];
}

#if defined(__x86_64__)

bool HasInstructions() {
  constexpr unsigned kSsse3 = 1u << 9, kSse41 = 1u << 19, kSha = 1u << 29;
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  if (__get_cpuid(1, &eax, &ebx, &ecx, &edx) == 0 || (ecx & kSsse3) == 0 || (ecx & kSse41) == 0) return false;
  return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) != 0 && (ebx & kSha) != 0;
}

// The same by the processor's instructions for it: a third of the time (55 bytes: 150 ns, and 500 ns). They want the
// state as two vectors, (a, b, e, f) and (c, d, g, h).
__attribute__((target("sha,sse4.1"))) void CompressByInstructions(Words& hash, const uint8_t* block) {
  const auto load = [](const void* at) { return _mm_loadu_si128(static_cast<const __m128i*>(at)); };
  const __m128i to_words = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
  const __m128i cdab = _mm_shuffle_epi32(load(&hash[0]), 0xb1);
  const __m128i efgh = _mm_shuffle_epi32(load(&hash[4]), 0x1b);
  const __m128i old_abef = _mm_alignr_epi8(cdab, efgh, 8);
  const __m128i old_cdgh = _mm_blend_epi16(efgh, cdab, 0xf0);
  __m128i abef = old_abef, cdgh = old_cdgh;
  __m128i schedule[4];  // the last 16 words
  for (int i = 0; i < 4; ++i) schedule[i] = _mm_shuffle_epi8(load(block + 16 * i), to_words);
  for (size_t i = 0; i < 16; ++i) {
    __m128i& words = schedule[i % 4];
    if (i >= 4) {
      const __m128i last = schedule[(i + 3) % 4];
      const __m128i middle = _mm_alignr_epi8(last, schedule[(i + 2) % 4], 4);
      words = _mm_add_epi32(_mm_sha256msg1_epu32(words, schedule[(i + 1) % 4]), middle);
      words = _mm_sha256msg2_epu32(words, last);
    }
    const __m128i sum = _mm_add_epi32(words, load(&kRounds[4 * i]));
    cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);
    abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(sum, 0x0e));
  }
  const __m128i feba = _mm_shuffle_epi32(_mm_add_epi32(abef, old_abef), 0x1b);
  const __m128i dchg = _mm_shuffle_epi32(_mm_add_epi32(cdgh, old_cdgh), 0xb1);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(&hash[0]), _mm_blend_epi16(feba, dchg, 0xf0));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(&hash[4]), _mm_alignr_epi8(dchg, feba, 8));
}

#endif

using CompressFunction = void (*)(Words& hash, const uint8_t* block);

CompressFunction BestCompress() {
#if defined(__x86_64__)
  if (HasInstructions()) return CompressByInstructions;
#endif
  return Compress;
}

Sha256Digest Digest(std::string_view bytes, CompressFunction compress) {
  Words hash = kInitial;
  const uint64_t bits = uint64_t{bytes.size()} * 8;
  const auto* at = reinterpret_cast<const uint8_t*>(bytes.data());
  size_t left = bytes.size();
  for (; left >= kBlockBytes; left -= kBlockBytes, at += kBlockBytes) compress(hash, at);
  // What is left, a one bit, zeroes, and the length (5.1.1): one block or two.
  std::array<uint8_t, 2 * kBlockBytes> end{};
  if (left > 0) std::memcpy(end.data(), at, left);
  end[left] = 0x80;
  const size_t end_bytes = left + 1 + 8 <= kBlockBytes ? kBlockBytes : 2 * kBlockBytes;
  WriteWord(&end[end_bytes - 8], static_cast<uint32_t>(bits >> 32));
  WriteWord(&end[end_bytes - 4], static_cast<uint32_t>(bits));
  for (size_t i = 0; i < end_bytes; i += kBlockBytes) compress(hash, &end[i]);
  Sha256Digest digest;
  for (size_t i = 0; i < hash.size(); ++i) WriteWord(&digest[4 * i], hash[i]);
  return digest;
}

}  // namespace

Sha256Digest Sha256(std::string_view bytes) {
  static const CompressFunction compress = BestCompress();
  return Digest(bytes, compress);
}

Sha256Digest Sha256WithoutInstructionsForTest(std::string_view bytes) { return Digest(bytes, Compress); }

bool IsSameDigest(const Sha256Digest& a, const Sha256Digest& b) {
  unsigned difference = 0;
  for (size_t i = 0; i < a.size(); ++i) difference |= unsigned{a[i]} ^ unsigned { b[i] };
  return difference == 0;
}

std::string ToHex(const Sha256Digest& digest) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const uint8_t byte : digest) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

bool FromHex(std::string_view text, Sha256Digest& digest) {
  if (text.size() != 2 * digest.size()) return false;
  const auto value = [](char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; };
  for (size_t i = 0; i < digest.size(); ++i) {
    const int high = value(text[2 * i]), low = value(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    digest[i] = static_cast<uint8_t>(high << 4 | low);
  }
  return true;
}

}  // namespace neso
