#include "frontend/http/binary_framing.h"

#include <gtest/gtest.h>

namespace neso {
namespace {

constexpr std::string_view kPrefix = "application/vnd.x.binary+json;json-header-size=";
constexpr BinaryFraming kHeader;
constexpr BinaryFraming kContentType(kPrefix, AnswerFraming::kContentType);

net::HttpHead Head(std::string_view name, std::string_view value) {
  net::HttpHead head;
  head.headers.emplace_back(name, value);
  return head;
}

std::string Outcome(const BinaryFraming& framing, const net::HttpHead& head) {
  const Expected<std::optional<size_t>> length = framing.JsonLength(head, 100);
  if (!length) return length.error().message();
  return *length ? std::to_string(**length) : "all";
}

std::string OfHeader(std::string_view value) {
  return Outcome(kHeader, Head("inference-header-content-length", value));
}
std::string OfContentType(std::string_view value) { return Outcome(kContentType, Head("content-type", value)); }

TEST(BinaryFramingTest, HeaderTellsTheLength) {
  EXPECT_EQ(Outcome(kHeader, {}), "all");
  EXPECT_EQ(Outcome(kHeader, Head("Content-Type", "application/json")), "all");
  EXPECT_EQ(OfHeader("0"), "0");
  EXPECT_EQ(OfHeader("100"), "100");
  EXPECT_EQ(OfHeader(" +12abc"), "12");
}

TEST(BinaryFramingTest, BadHeaderIsRefused) {
  EXPECT_EQ(OfHeader("101"), "inference header size should be in range (0, 100), got: 101");
  EXPECT_EQ(OfHeader("-1"), "inference header size should be in range (0, 100), got: -1");
  EXPECT_EQ(OfHeader("x"), "Unable to parse Inference-Header-Content-Length, got: x");
  EXPECT_EQ(OfHeader(""), "Unable to parse Inference-Header-Content-Length, got: ");
  EXPECT_EQ(OfHeader("2147483648"),
            "Unable to parse Inference-Header-Content-Length, value is out of range [ -2147483648, 2147483647 ], got: "
            "2147483648");
}

TEST(BinaryFramingTest, ContentTypeTellsTheLength) {
  EXPECT_EQ(Outcome(kContentType, {}), "all");
  EXPECT_EQ(Outcome(kContentType, Head("Inference-Header-Content-Length", "12")), "all");
  EXPECT_EQ(OfContentType("application/json"), "all");
  for (const char* type :
       {"application/vnd.x.binary+json; json-header-size=12", "application/vnd.x.binary+json ;json-header-size=12",
        "application/vnd.x.binary+json; charset=utf-8; json-header-size=12; more=1"}) {
    EXPECT_EQ(OfContentType(type), "12") << type;
    EXPECT_EQ(kContentType.JsonLengthHint(Head("content-type", type)), 12U) << type;
  }
  for (const char* type :
       {"application/vnd.x.binary+json", "application/vnd.x.binary+json;", "application/vnd.x.binary+json; ;",
        "application/vnd.x.binary+jsonx; json-header-size=12", "application/vnd.x.binary+json; xjson-header-size=12"}) {
    EXPECT_EQ(OfContentType(type), "all") << type;
  }
  EXPECT_EQ(OfContentType(std::string(kPrefix) + "12"), "12");
  EXPECT_EQ(OfContentType(std::string(kPrefix) + " 12abc"), "12");
  EXPECT_EQ(OfContentType(std::string(kPrefix) + "0"), "0");
  EXPECT_EQ(OfContentType(std::string(kPrefix) + "x"), "0");
  EXPECT_EQ(OfContentType(kPrefix), "0");
}

TEST(BinaryFramingTest, BadContentTypeIsRefused) {
  EXPECT_EQ(OfContentType(std::string(kPrefix) + "101"), "inference header size should be in range (0, 100), got: 101");
  EXPECT_EQ(OfContentType(std::string(kPrefix) + "-1"), "inference header size should be in range (0, 100), got: -1");
  EXPECT_EQ(OfContentType(std::string(kPrefix) + "99999999999"),
            "inference header size should be in range (0, 100), got: 99999999999");
  const std::string late = "x;" + std::string(kPrefix) + "12";
  EXPECT_EQ(OfContentType(late),
            "expect MIME type for binary data starts with '" + std::string(kPrefix) + "', got: " + late);
}

TEST(BinaryFramingTest, HintIsTheLengthOrNothing) {
  EXPECT_EQ(kHeader.JsonLengthHint({}), 0U);
  EXPECT_EQ(kHeader.JsonLengthHint(Head("Inference-Header-Content-Length", "12")), 12U);
  EXPECT_EQ(kHeader.JsonLengthHint(Head("Inference-Header-Content-Length", "-12")), 0U);
  EXPECT_EQ(kContentType.JsonLengthHint(Head("Content-Type", std::string(kPrefix) + "12")), 12U);
  EXPECT_EQ(kContentType.JsonLengthHint(Head("Content-Type", "application/json")), 0U);
}

TEST(BinaryFramingTest, AnswersTellTheLengthInAHeaderOrTheContentType) {
  net::HttpResponse with_header;
  kHeader.Announce(12, with_header);
  EXPECT_STREQ(with_header.content_type, "application/octet-stream");
  ASSERT_EQ(with_header.headers.size(), 1U);
  EXPECT_EQ(with_header.headers[0], std::pair(std::string("Inference-Header-Content-Length"), std::string("12")));

  net::HttpResponse mixed;
  BinaryFraming(kPrefix, AnswerFraming::kHeader).Announce(12, mixed);
  EXPECT_STREQ(mixed.content_type, "application/octet-stream");
  EXPECT_EQ(mixed.headers, with_header.headers);

  net::HttpResponse with_type;
  kContentType.Announce(12, with_type);
  EXPECT_EQ(with_type.content_type, nullptr);
  ASSERT_EQ(with_type.headers.size(), 1U);
  EXPECT_EQ(with_type.headers[0], std::pair(std::string("Content-Type"), std::string(kPrefix) + "12"));
}

}  // namespace
}  // namespace neso
