#include "net/compression.h"

#include <gtest/gtest.h>

#include <array>

namespace neso::net {
namespace {

std::string Text(const BufferRef& buffer) { return buffer ? std::string(buffer->data(), buffer->size()) : ""; }

std::string Compressed(ContentEncoding encoding, std::string_view text) {
  const std::array<std::string_view, 2> pieces{text.substr(0, text.size() / 2), text.substr(text.size() / 2)};
  return *Compress(encoding, pieces);
}

std::string Sample(size_t bytes) {
  std::string text;
  for (unsigned x = 1; text.size() < bytes; x = x * 1664525u + 1013904223u) text.push_back(static_cast<char>(x >> 29));
  return text;
}

class CompressionTest : public testing::TestWithParam<ContentEncoding> {};

TEST_P(CompressionTest, RoundTripsWithoutBeingToldTheFormat) {
  for (const size_t size : {size_t{1}, size_t{100}, size_t{16 * 1024}, size_t{1'000'000}}) {
    const std::string text = Sample(size);
    const auto back = Decompress(Compressed(GetParam(), text), size, 10);
    ASSERT_TRUE(back.ok());
    EXPECT_EQ(Text(*back), text);
    EXPECT_EQ(reinterpret_cast<uintptr_t>((*back)->data() + 10) % kTensorAlignment, 0u);
  }
}

TEST_P(CompressionTest, ResultAboveTheLimitIsRefused) {
  const auto back = Decompress(Compressed(GetParam(), std::string(100'000, 'a')), 99'999);
  EXPECT_EQ(
      back.error().message(),
      "Decompressed data size exceeds the maximum allowed value of 99999 bytes. Use --http-max-input-size to increase "
      "the limit.");
  EXPECT_EQ(back.error().code(), StatusCode::kInvalidArg);
  EXPECT_FALSE(Decompress(Compressed(GetParam(), "ab"), 1).ok());
}

TEST_P(CompressionTest, TruncatedDataGivesWhatThereIs) {
  const std::string text = Sample(50'000);
  std::string data = Compressed(GetParam(), text);
  data.resize(data.size() / 2);
  const auto back = Decompress(data, SIZE_MAX);
  ASSERT_TRUE(back.ok());
  EXPECT_GT((*back)->size(), 1000u);
  EXPECT_TRUE(text.starts_with(Text(*back)));
}

TEST_P(CompressionTest, EmptyBodyRoundTrips) {
  const auto back = Decompress(Compressed(GetParam(), ""), 10);
  ASSERT_TRUE(back.ok());
  EXPECT_FALSE(*back);
}

INSTANTIATE_TEST_SUITE_P(Formats, CompressionTest, testing::Values(ContentEncoding::kGzip, ContentEncoding::kDeflate));

TEST(DecompressTest, GarbageAndNothingGiveNothing) {
  EXPECT_FALSE(*Decompress(std::string_view("this is not compressed"), 100));
  EXPECT_FALSE(*Decompress({}, 100));
}

TEST(ContentEncodingTest, NamesAreExact) {
  EXPECT_EQ(*ParseContentEncoding(false, {}), ContentEncoding::kIdentity);
  EXPECT_EQ(*ParseContentEncoding(true, "identity"), ContentEncoding::kIdentity);
  EXPECT_EQ(*ParseContentEncoding(true, "gzip"), ContentEncoding::kGzip);
  EXPECT_EQ(*ParseContentEncoding(true, "deflate"), ContentEncoding::kDeflate);
  for (const char* other : {"", "GZIP", "br", "gzip, deflate"}) {
    EXPECT_EQ(ParseContentEncoding(true, other).error().message(), "Unsupported compression type") << other;
  }
}

TEST(ContentEncodingTest, HighestWeightWinsAndFirstAmongEquals) {
  struct Case {
    const char* header;
    ContentEncoding expected;
  };
  for (const auto& [header, expected] : {
           Case{"", ContentEncoding::kIdentity},
           Case{"gzip", ContentEncoding::kGzip},
           Case{"gzip, deflate", ContentEncoding::kGzip},
           Case{"deflate,gzip", ContentEncoding::kDeflate},
           Case{"gzip;q=0.5, deflate;q=0.8", ContentEncoding::kDeflate},
           Case{"gzip; q=0.5,identity", ContentEncoding::kIdentity},
           Case{"gzip;q=0", ContentEncoding::kIdentity},
           Case{"gzip;q=abc", ContentEncoding::kIdentity},
           Case{"*", ContentEncoding::kIdentity},
           Case{"GZIP", ContentEncoding::kIdentity},
           Case{"br;q=1.0, gzip;q=0.2", ContentEncoding::kGzip},
           Case{",, gzip ,", ContentEncoding::kGzip},
       }) {
    EXPECT_EQ(ChooseResponseEncoding(header), expected) << header;
  }
}

}  // namespace
}  // namespace neso::net
