#include "net/http1/http1_parser.h"

#include <gtest/gtest.h>

#include <string>

namespace neso::net {
namespace {

struct Parsed {
  Http1Error error;
  HttpHead head;
  RequestFraming framing;
};

Parsed Parse(const std::string& text) {
  Parsed parsed;
  HeadScanner scanner;
  switch (scanner.Scan(text)) {
    case HeadScanner::kComplete:
      parsed.error = ParseHead(std::string_view(text).substr(0, scanner.head_bytes()), &parsed.head, &parsed.framing);
      break;
    case HeadScanner::kBadLine: parsed.error = {400, "line"}; break;
    case HeadScanner::kIncomplete: parsed.error = {-1, "incomplete"}; break;
  }
  return parsed;
}

TEST(Http1ParserTest, ReadsLineHeadersAndFraming) {
  const std::string text =
      "POST /v2/models/m/infer?a=b?c HTTP/1.1\r\nHost: x\r\nContent-Length: 12\r\nEmpty:\r\nX-Y: \t a b \t\r\n\r\nrest";
  const Parsed parsed = Parse(text);
  ASSERT_FALSE(parsed.error) << parsed.error.message;
  EXPECT_EQ(parsed.head.method, "POST");
  EXPECT_EQ(parsed.head.path, "/v2/models/m/infer");
  EXPECT_EQ(parsed.head.query, "a=b?c");
  EXPECT_EQ(parsed.head.Find("x-y"), "a b");
  EXPECT_TRUE(parsed.head.Has("EMPTY"));
  EXPECT_EQ(parsed.head.Find("empty"), "");
  EXPECT_FALSE(parsed.head.Has("absent"));
  EXPECT_EQ(parsed.framing.length, 12u);
  EXPECT_TRUE(parsed.framing.keep_alive);
}

TEST(Http1ParserTest, TargetForms) {
  struct Case {
    const char* target;
    const char* path;
    const char* query;
  };
  for (const auto& [target, path, query] :
       {Case{"/", "/", ""}, Case{"/a%20b", "/a%20b", ""}, Case{"*", "*", ""}, Case{"http://h:1/p?q", "/p", "q"},
        Case{"HTTP://h", "/", ""}, Case{"https://h?q", "/", "q"}, Case{"/?", "/", ""}}) {
    const std::string text = std::string("GET ") + target + " HTTP/1.1\r\n\r\n";
    const Parsed parsed = Parse(text);
    EXPECT_FALSE(parsed.error) << target;
    EXPECT_EQ(parsed.head.path, path);
    EXPECT_EQ(parsed.head.query, query);
  }
}

TEST(Http1ParserTest, KeepAliveFollowsVersionAndConnectionHeader) {
  struct Case {
    const char* version;
    const char* connection;
    bool keep_alive;
  };
  for (const auto& [version, connection, keep_alive] :
       {Case{"1.1", "x", true}, Case{"1.1", "Close", false}, Case{"1.1", "keep-alive, close", false},
        Case{"1.0", "x", false}, Case{"1.0", "Keep-Alive", true}, Case{"1.0", "keep-alive,close", false}}) {
    const std::string text = std::string("GET / HTTP/") + version + "\r\nConnection: " + connection + "\r\n\r\n";
    EXPECT_EQ(Parse(text).framing.keep_alive, keep_alive) << version << " " << connection;
  }
}

TEST(Http1ParserTest, RefusesWhatCanBeReadTwoWays) {
  struct Case {
    int status;
    const char* text;
  };
  for (const auto& [status, text] : {
           Case{400, "GET / HTTP/1.1\n\n"},
           Case{400, "GET / HTTP/1.1\r\nA: b\n\r\n"},
           Case{400, "GET / HTTP/1.1\r\nA: b\rc\r\n\r\n"},
           Case{400, "GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n"},
           Case{400, "GET / HTTP/1.1\r\nA : b\r\n\r\n"},
           Case{400, "GET / HTTP/1.1\r\n: b\r\n\r\n"},
           Case{400, "GET / HTTP/1.1\r\nnocolon\r\n\r\n"},
           Case{400, "GET / HTTP/1.1\r\nA: \x01\r\n\r\n"},
           Case{400, "GET / HTTP/1.1\r\nA: \x7f\r\n\r\n"},
           Case{400, "GET /\r\n\r\n"},
           Case{400, "GET  / HTTP/1.1\r\n\r\n"},
           Case{400, "GET / / HTTP/1.1\r\n\r\n"},
           Case{400, "G@T / HTTP/1.1\r\n\r\n"},
           Case{400, " GET / HTTP/1.1\r\n\r\n"},
           Case{400, "GET / http/1.1\r\n\r\n"},
           Case{400, "GET / HTTP/1.x\r\n\r\n"},
           Case{400, "GET / HTTP/11\r\n\r\n"},
           Case{400, "GET x HTTP/1.1\r\n\r\n"},
           Case{400, "GET ftp://x/ HTTP/1.1\r\n\r\n"},
           Case{400, "GET /\t HTTP/1.1\r\n\r\n"},
           Case{505, "GET / HTTP/1.2\r\n\r\n"},
           Case{505, "GET / HTTP/2.0\r\n\r\n"},
           Case{505, "GET / HTTP/0.9\r\n\r\n"},
           Case{400, "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"},
           Case{400, "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n"},
           Case{400, "POST / HTTP/1.1\r\nContent-Length: 1, 1\r\n\r\n"},
           Case{400, "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"},
           Case{400, "POST / HTTP/1.1\r\nContent-Length: +1\r\n\r\n"},
           Case{400, "POST / HTTP/1.1\r\nContent-Length: 0x1\r\n\r\n"},
           Case{400, "POST / HTTP/1.1\r\nContent-Length:\r\n\r\n"},
           Case{400, "POST / HTTP/1.1\r\nContent-Length: 18446744073709551616\r\n\r\n"},
           Case{400, "POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"},
           Case{400, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"},
           Case{400, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"},
           Case{501, "POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"},
           Case{501, "POST / HTTP/1.1\r\nTransfer-Encoding: identity\r\n\r\n"},
           Case{417, "POST / HTTP/1.1\r\nExpect: a miracle\r\n\r\n"},
       }) {
    EXPECT_EQ(Parse(text).error.status, status) << text;
  }
}

TEST(Http1ParserTest, TooManyHeadersAreRefused) {
  std::string text = "GET / HTTP/1.1\r\n";
  for (size_t i = 0; i < kMaxHeaders; i++) text += "A: b\r\n";
  EXPECT_FALSE(Parse(text + "\r\n").error);
  EXPECT_EQ(Parse(text + "A: b\r\n\r\n").error.status, 431);
}

TEST(HeadScannerTest, FindsTheEndHoweverTheBytesCome) {
  const std::string text = "GET / HTTP/1.1\r\nA: b\r\n\r\nbody\r\n\r\n";
  HeadScanner scanner;
  for (size_t size = 0; size < 24; size++) EXPECT_EQ(scanner.Scan(text.substr(0, size)), HeadScanner::kIncomplete);
  EXPECT_EQ(scanner.Scan(text), HeadScanner::kComplete);
  EXPECT_EQ(scanner.head_bytes(), 24u);
  EXPECT_EQ(scanner.lines(), 2u);
}

// Feeds `text` in steps of `step` bytes; returns the data, and what is left after the end.
std::string Decode(ChunkDecoder& decoder, std::string_view text, size_t step, std::string* rest = nullptr) {
  std::string data;
  while (!text.empty() && !decoder.done() && !decoder.error()) {
    std::string_view input = text.substr(0, step);
    text.remove_prefix(input.size());
    for (auto piece = decoder.Next(input); !piece.empty(); piece = decoder.Next(input)) data += piece;
    if (rest != nullptr && decoder.done()) *rest = std::string(input) + std::string(text);
  }
  return data;
}

TEST(ChunkDecoderTest, DecodesInAnyPieces) {
  const std::string text = "5\r\nhello\r\n00B;ext=\"a\"\r\n world, bye\r\n0\r\nTrailer: x\r\nOther: y\r\n\r\nGET /";
  for (size_t step = 1; step <= text.size(); step++) {
    ChunkDecoder decoder;
    std::string rest;
    EXPECT_EQ(Decode(decoder, text, step, &rest), "hello world, bye");
    EXPECT_TRUE(decoder.done());
    EXPECT_EQ(decoder.non_empty_chunks(), 2u);
    EXPECT_EQ(rest, "GET /");
  }
}

TEST(ChunkDecoderTest, EmptyBody) {
  ChunkDecoder decoder;
  EXPECT_EQ(Decode(decoder, "0\r\n\r\n", 100), "");
  EXPECT_TRUE(decoder.done());
  EXPECT_EQ(decoder.non_empty_chunks(), 0u);
}

TEST(ChunkDecoderTest, RefusesBadCoding) {
  for (const char* text :
       {"\r\n", "x\r\n", "-1\r\n", "5\nhello\r\n", "5\r\nhello!\r\n", "5\r\nhelloX\n0\r\n\r\n", "5\rx",
        "fffffffffffffffff\r\n", "5;a\nb\r\nhello\r\n", "0\r\nA: b\n\r\n", "0\r\n\rX", "5\r\nhello\n0\r\n\r\n"}) {
    ChunkDecoder decoder;
    Decode(decoder, text, 3);
    EXPECT_EQ(decoder.error().status, 400) << text;
    EXPECT_FALSE(decoder.done());
  }
}

TEST(ChunkDecoderTest, LimitsTheNumberOfChunks) {
  ChunkDecoder decoder;
  std::string text;
  for (int i = 0; i < 65536; i++) text += "1\r\na\r\n";
  EXPECT_EQ(Decode(decoder, text, 4096).size(), 65536u);
  EXPECT_FALSE(decoder.error());
  Decode(decoder, "1\r\na\r\n", 10);
  EXPECT_EQ(decoder.error().status, 400);
}

TEST(ChunkDecoderTest, LimitsExtensionsAndTrailers) {
  ChunkDecoder extensions;
  Decode(extensions, "1;" + std::string(70'000, 'a'), 1000);
  EXPECT_EQ(extensions.error().status, 400);
  ChunkDecoder trailers;
  Decode(trailers, "0\r\n" + std::string(70'000, 'a'), 1000);
  EXPECT_EQ(trailers.error().status, 400);
}

}  // namespace
}  // namespace neso::net
