// Heads as nghttp2 hands them over: what is refused, what is dropped, and what two requests share.
#include "net/http2/http2_head.h"

#include <gtest/gtest.h>
#include <nghttp2/nghttp2.h>

#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "net/http2/http2_head_check.h"

namespace neso::net {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

const Fields kCall{{":method", "POST"},
                   {":scheme", "http"},
                   {":path", "/package.Service/Method?x=1"},
                   {":authority", "localhost:8001"},
                   {"te", "trailers"},
                   {"content-type", "application/grpc"}};

// A server's session that is fed requests' heads, field by field or as the wire has them.
class Receiver {
 public:
  enum class Checks { kOurs, kLibrarys };
  explicit Receiver(Checks checks) : ours_(checks == Checks::kOurs) {
    nghttp2_hd_deflate_new(&deflater_, 4096);
    nghttp2_session_callbacks* callbacks;
    nghttp2_option* option;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_option_new(&option);
    nghttp2_session_callbacks_set_on_header_callback2(callbacks, OnHeader);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, OnFrame);
    nghttp2_option_set_no_http_messaging(option, ours_ ? 1 : 0);
    nghttp2_option_set_no_rfc9113_leading_and_trailing_ws_validation(option, 1);
    EXPECT_EQ(nghttp2_session_server_new2(&session_, callbacks, this, option), 0);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_option_del(option);
    Feed("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    Feed(std::string("\0\0\0\4\0\0\0\0\0", 9));
  }
  ~Receiver() {
    nghttp2_session_del(session_);
    nghttp2_hd_deflate_del(deflater_);
  }
  Receiver(const Receiver&) = delete;
  Receiver& operator=(const Receiver&) = delete;

  // Null when the request was refused.
  SharedHttpHead Receive(const Fields& fields, size_t limit = 65536, bool keeps_blanks = true) {
    collector_.Start(limit, keeps_blanks);
    heard_.reset();
    came_.clear();
    const std::string block = Deflate(fields);
    const auto byte = [](size_t value, int shift) { return static_cast<char>(value >> shift & 0xff); };
    stream_ += 2;
    Feed(std::string{byte(block.size(), 16), byte(block.size(), 8), byte(block.size(), 0), 1, 4, byte(stream_, 24),
                     byte(stream_, 16), byte(stream_, 8), byte(stream_, 0)} +
         block);
    return heard_.value_or(nullptr);
  }
  // What the last request had that was not dropped, if it was not refused.
  std::optional<Fields> Kept() const { return heard_ ? std::optional(came_) : std::nullopt; }

 private:
  std::string Deflate(const Fields& fields) {
    std::vector<nghttp2_nv> list;
    const auto bytes = [](const std::string& text) {
      return const_cast<uint8_t*>(reinterpret_cast<const uint8_t*>(text.data()));
    };
    for (const auto& [name, value] : fields) list.push_back({bytes(name), bytes(value), name.size(), value.size(), 0});
    std::string block(nghttp2_hd_deflate_bound(deflater_, list.data(), list.size()), '\0');
    const ssize_t size = nghttp2_hd_deflate_hd(deflater_, reinterpret_cast<uint8_t*>(block.data()), block.size(),
                                               list.data(), list.size());
    EXPECT_GE(size, 0);
    block.resize(static_cast<size_t>(size));
    return block;
  }
  void Feed(const std::string& bytes) {
    EXPECT_EQ(nghttp2_session_mem_recv(session_, reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()),
              static_cast<ssize_t>(bytes.size()));
    const uint8_t* out;
    while (nghttp2_session_mem_send(session_, &out) > 0) {
    }
  }
  static int OnHeader(nghttp2_session*, const nghttp2_frame*, nghttp2_rcbuf* name, nghttp2_rcbuf* value, uint8_t,
                      void* self) {
    Receiver& receiver = *static_cast<Receiver*>(self);
    receiver.collector_.Add(name, value);
    receiver.came_.emplace_back(Http2Text(name).view(), Http2Text(value).view());
    return 0;
  }
  static int OnFrame(nghttp2_session*, const nghttp2_frame* frame, void* self) {
    if (frame->hd.type != NGHTTP2_HEADERS) return 0;
    Receiver& receiver = *static_cast<Receiver*>(self);
    SharedHttpHead head = receiver.collector_.Take();
    if (head != nullptr || !receiver.ours_) receiver.heard_ = std::move(head);
    return 0;
  }

  const bool ours_;
  nghttp2_hd_deflater* deflater_ = nullptr;
  nghttp2_session* session_ = nullptr;
  size_t stream_ = static_cast<size_t>(-1);
  Http2HeadCollector collector_{PeerAddress()};
  std::optional<SharedHttpHead> heard_;
  Fields came_;
};

Fields With(Fields fields, const Fields& more) {
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}

TEST(Http2HeadTest, FieldsHavePlaces) {
  Receiver receiver(Receiver::Checks::kOurs);
  const SharedHttpHead head = receiver.Receive(With(kCall, {{"x", " a "}, {"content-length", "12"}}));
  ASSERT_NE(head, nullptr);
  EXPECT_EQ(head->head.method, "POST");
  EXPECT_EQ(head->head.path, "/package.Service/Method");
  EXPECT_EQ(head->head.query, "x=1");
  EXPECT_EQ(head->head.Find("host"), "localhost:8001");
  EXPECT_EQ(head->head.Find("x"), " a ");
  EXPECT_FALSE(head->head.Has(":scheme"));
  EXPECT_EQ(head->content_length, 12U);
  const SharedHttpHead bare = receiver.Receive(With(kCall, {{"x", " a "}}), 65536, false);
  EXPECT_EQ(bare->head.Find("x"), "a");
  EXPECT_EQ(bare->content_length, std::nullopt);
}

TEST(Http2HeadTest, AHeadThatComesAgainIsTheSame) {
  Receiver receiver(Receiver::Checks::kOurs);
  const SharedHttpHead first = receiver.Receive(kCall);
  EXPECT_EQ(receiver.Receive(kCall), first);
  EXPECT_EQ(receiver.Receive(kCall), first);
}

TEST(Http2HeadTest, ADifferenceIsSeenWhereverItIs) {
  Receiver receiver(Receiver::Checks::kOurs);
  for (size_t i = 0; i < kCall.size(); i++) {
    const SharedHttpHead before = receiver.Receive(kCall);
    Fields other = kCall;
    other[i].second = i == 1 ? "https" : i == 2 ? "/other" : i == 4 ? "TRAILERS" : "other";
    const SharedHttpHead changed = receiver.Receive(other);
    ASSERT_NE(changed, nullptr) << i;
    EXPECT_NE(changed, before);
    EXPECT_EQ(changed->head.headers.size(), 3U);
    if (i == 0) {
      EXPECT_EQ(changed->head.method, "other");
    }
    if (i == 2) {
      EXPECT_EQ(changed->head.path, "/other");
    }
    if (i == 3) {
      EXPECT_EQ(changed->head.Find("host"), "other");
    }
    if (i == 5) {
      EXPECT_EQ(changed->head.Find("content-type"), "other");
    }
    EXPECT_EQ(receiver.Receive(other), changed);
  }
}

TEST(Http2HeadTest, FewerAndMoreFieldsAreAnotherHead) {
  Receiver receiver(Receiver::Checks::kOurs);
  const SharedHttpHead call = receiver.Receive(kCall);
  const SharedHttpHead more = receiver.Receive(With(kCall, {{"x", "y"}}));
  EXPECT_EQ(more->head.Find("x"), "y");
  const SharedHttpHead fewer = receiver.Receive(kCall);
  EXPECT_NE(fewer, more);
  EXPECT_FALSE(fewer->head.Has("x"));
  EXPECT_EQ(fewer->head.Find("te"), "trailers");
}

TEST(Http2HeadTest, ARefusedHeadIsNotRemembered) {
  Receiver receiver(Receiver::Checks::kOurs);
  const SharedHttpHead call = receiver.Receive(kCall);
  EXPECT_EQ(receiver.Receive(With(kCall, {{"connection", "close"}})), nullptr);
  EXPECT_EQ(receiver.Receive(Fields(kCall.begin(), kCall.begin() + 2)), nullptr) << "the beginning of a good one";
  EXPECT_EQ(receiver.Receive(kCall), call);
}

TEST(Http2HeadTest, WhatIsBeyondTheLimitIsDroppedAndNotRemembered) {
  Receiver receiver(Receiver::Checks::kOurs);
  const Fields long_one = With({{"x-first", std::string(900, 'x')}}, kCall);
  EXPECT_EQ(receiver.Receive(long_one), nullptr) << "pseudo-fields come first";
  const SharedHttpHead cut = receiver.Receive(With(kCall, {{"x-long", std::string(900, 'x')}, {"x", "y"}}), 500);
  ASSERT_NE(cut, nullptr);
  EXPECT_EQ(cut->bytes, 500U);
  EXPECT_FALSE(cut->head.Has("x-long") || cut->head.Has("x"));
  EXPECT_NE(receiver.Receive(With(kCall, {{"x-long", std::string(900, 'x')}, {"x", "y"}}), 500), cut);
  const SharedHttpHead large = receiver.Receive(With(kCall, {{"x-long", std::string(9000, 'x')}}));
  EXPECT_EQ(large->head.Find("x-long").size(), 9000U);
  EXPECT_NE(receiver.Receive(With(kCall, {{"x-long", std::string(9000, 'x')}})), large) << "nothing large is kept";
}

TEST(Http2HeadTest, TrailersAreFieldsAndNoPseudoFields) {
  EXPECT_TRUE(Http2HeadCheck::IsTrailer("x-checksum", "1"));
  EXPECT_FALSE(Http2HeadCheck::IsTrailer("x y", "1"));
  EXPECT_FALSE(Http2HeadCheck::IsTrailer(":path", "/"));
  EXPECT_FALSE(Http2HeadCheck::IsTrailer("X-Checksum", "1"));
  EXPECT_FALSE(Http2HeadCheck::IsTrailer("connection", "close"));
}

// Good heads with up to three changes: what nghttp2's own checks make of a head is what ours do.
class RandomHeads {
 public:
  Fields Next() {
    Fields fields = With(kCall, {});
    for (size_t changes = Below(4); changes > 0; changes--) Change(fields);
    return fields;
  }

 private:
  size_t Below(size_t end) { return std::uniform_int_distribution<size_t>(0, end - 1)(random_); }
  const std::string& Name() { return kNames[Below(kNames.size())]; }
  const std::string& Value() { return kValues[Below(kValues.size())]; }
  void Change(Fields& fields) {
    const auto at = [&] { return fields.begin() + static_cast<std::ptrdiff_t>(Below(fields.size())); };
    if (fields.empty()) return fields.emplace_back(Name(), Value()), void();
    switch (Below(5)) {
      case 0: fields.insert(at(), {Name(), Value()}); break;
      case 1: fields.emplace_back(Name(), Value()); break;
      case 2: fields.erase(at()); break;
      case 3: at()->second = Value(); break;
      default: std::swap(*at(), *at());
    }
  }

  const std::vector<std::string> kNames{":method",
                                        ":scheme",
                                        ":path",
                                        ":authority",
                                        ":protocol",
                                        ":x",
                                        "host",
                                        "te",
                                        "connection",
                                        "keep-alive",
                                        "proxy-connection",
                                        "transfer-encoding",
                                        "upgrade",
                                        "content-length",
                                        "cookie",
                                        "x",
                                        "X",
                                        "x y",
                                        "x:",
                                        "\xc3\xa9",
                                        "authorization"};
  const std::vector<std::string> kValues{"POST",
                                         "GET",
                                         "HEAD",
                                         "CONNECT",
                                         "OPTIONS",
                                         "http",
                                         "https",
                                         "HTTP",
                                         "ftp",
                                         "1x",
                                         "a+b",
                                         "/a",
                                         "/a?b#c",
                                         "*",
                                         "a",
                                         "",
                                         " ",
                                         "\t",
                                         " a ",
                                         "localhost",
                                         "user@localhost:80",
                                         "a b",
                                         "a\nb",
                                         std::string("a\0b", 3),
                                         "\x7f",
                                         "\xc3\xa9",
                                         "12",
                                         "+12",
                                         "-1",
                                         "0x1",
                                         "12 ",
                                         "9223372036854775807",
                                         "9223372036854775808",
                                         "trailers",
                                         "Trailers",
                                         "gzip, trailers"};
  std::mt19937 random_{20261126};
};

TEST(Http2HeadTest, TheChecksAgreeWithNghttp2s) {
  Receiver ours(Receiver::Checks::kOurs);
  Receiver librarys(Receiver::Checks::kLibrarys);
  RandomHeads heads;
  size_t refused = 0;
  for (int i = 0; i < 30'000; i++) {
    const Fields fields = heads.Next();
    const SharedHttpHead head = ours.Receive(fields);
    librarys.Receive(fields);
    const std::optional<Fields> kept = librarys.Kept();
    std::string text;
    for (const auto& [name, value] : fields) text += name + ": " + value + "\n";
    ASSERT_EQ(head != nullptr, kept.has_value()) << text;
    if (!kept) {
      refused++;
      continue;
    }
    size_t others = 0;
    for (const auto& [name, value] : *kept) others += name == ":authority" || !name.starts_with(':') ? 1 : 0;
    EXPECT_EQ(head->head.headers.size(), others) << text;
  }
  EXPECT_GT(refused, 5'000U);
  EXPECT_LT(refused, 25'000U);
}

}  // namespace
}  // namespace neso::net
