// A blocking HTTP/2 client on nghttp2, and a scriptable gRPC server, for the tests of this room.
#pragma once

#include <nghttp2/nghttp2.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/grpc_server.h"
#include "net/net_test_util.h"

namespace neso::net {

// Used by one thread.
class TestHttp2Client {
 public:
  using Fields = std::vector<std::pair<std::string, std::string>>;
  struct Answer {
    std::map<std::string, std::string> head;
    std::map<std::string, std::string> trailers;
    std::string body;
    bool closed = false;
    uint32_t error = 0;
  };

  explicit TestHttp2Client(uint16_t port, int receive_buffer = 0, uint32_t window = 0) : client_(port, receive_buffer) {
    nghttp2_session_callbacks* callbacks;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, OnHeader);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, OnData);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, OnClose);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, OnFrame);
    nghttp2_session_client_new(&raw_, callbacks, this);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_settings_entry entry{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, window};
    EXPECT_EQ(nghttp2_submit_settings(raw_, 0, &entry, window > 0 ? 1 : 0), 0);
    if (window != 0) return;
    EXPECT_EQ(nghttp2_session_set_local_window_size(raw_, 0, 0, 1 << 24), 0);
  }
  ~TestHttp2Client() { nghttp2_session_del(raw_); }
  TestHttp2Client(const TestHttp2Client&) = delete;
  TestHttp2Client& operator=(const TestHttp2Client&) = delete;

  // Starts a request; with `open`, SendBody and EndBody follow.
  int32_t Request(const std::string& method, const std::string& path, Fields more = {}, std::string body = {},
                  bool open = false) {
    Fields fields{{":method", method}, {":scheme", "http"}, {":authority", "test"}, {":path", path}};
    fields.insert(fields.end(), more.begin(), more.end());
    std::vector<nghttp2_nv> list;
    for (auto& [name, value] : fields) {
      list.push_back({reinterpret_cast<uint8_t*>(name.data()), reinterpret_cast<uint8_t*>(value.data()), name.size(),
                      value.size(), 0});
    }
    nghttp2_data_provider provider{};
    provider.read_callback = ReadBody;
    const bool has_body = open || !body.empty();
    const int32_t id =
        nghttp2_submit_request(raw_, nullptr, list.data(), list.size(), has_body ? &provider : nullptr, nullptr);
    bodies_[id] = {std::move(body), !open, 0};
    Flush();
    return id;
  }
  void SendBody(int32_t id, std::string_view bytes, bool end = false) {
    bodies_[id].bytes.append(bytes);
    bodies_[id].end = end;
    (void)nghttp2_session_resume_data(raw_, id);  // it may not be waiting
    Flush();
  }
  size_t Unsent(int32_t id) { return bodies_[id].bytes.size() - bodies_[id].sent; }
  void EndBody(int32_t id) { SendBody(id, {}, true); }
  void ResetStream(int32_t id) {
    EXPECT_EQ(nghttp2_submit_rst_stream(raw_, 0, id, NGHTTP2_CANCEL), 0);
    Flush();
  }

  // Sent with the next Flush.
  void Ping() { EXPECT_EQ(nghttp2_submit_ping(raw_, 0, nullptr), 0); }
  // Writes what nghttp2 has to say.
  bool Flush() {
    for (;;) {
      const uint8_t* bytes;
      const ssize_t size = nghttp2_session_mem_send(raw_, &bytes);
      if (size <= 0) return size == 0;
      if (!client_.Send({reinterpret_cast<const char*>(bytes), static_cast<size_t>(size)})) return false;
    }
  }
  // Until `done`; false when the connection ended before, or after 20 s.
  bool ReadUntil(const std::function<bool()>& done) {
    Flush();
    while (!done()) {
      if (!client_.Receive()) return false;
      const std::string bytes = client_.TakeReceived();
      if (nghttp2_session_mem_recv(raw_, reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()) < 0)
        return false;
      Flush();
    }
    return true;
  }
  const Answer& Wait(int32_t id) {
    ReadUntil([&] { return answers_[id].closed; });
    return answers_[id];
  }
  const Answer& answer(int32_t id) { return answers_[id]; }
  // Reads up to the end of the connection; the error of the GOAWAY that came, -1 if none did.
  int64_t WaitForGoAway() {
    ReadUntil([] { return false; });
    return go_away_;
  }
  int64_t go_away() const { return go_away_; }
  const std::string& go_away_reason() const { return go_away_reason_; }
  int pings() const { return pings_; }
  nghttp2_session* raw() { return raw_; }
  TestClient& client() { return client_; }

 private:
  struct Body {
    std::string bytes;
    bool end = false;
    size_t sent = 0;
  };
  static TestHttp2Client& Self(void* self) { return *static_cast<TestHttp2Client*>(self); }
  static int OnHeader(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name, size_t name_size,
                      const uint8_t* value, size_t value_size, uint8_t, void* self) {
    Answer& answer = Self(self).answers_[frame->hd.stream_id];
    auto& fields =
        frame->headers.cat == NGHTTP2_HCAT_HEADERS && answer.head.count(":status") && answer.head[":status"] != "100"
            ? answer.trailers
            : answer.head;
    fields[std::string(reinterpret_cast<const char*>(name), name_size)].assign(reinterpret_cast<const char*>(value),
                                                                               value_size);
    return 0;
  }
  static int OnData(nghttp2_session*, uint8_t, int32_t id, const uint8_t* data, size_t size, void* self) {
    Self(self).answers_[id].body.append(reinterpret_cast<const char*>(data), size);
    return 0;
  }
  static int OnClose(nghttp2_session*, int32_t id, uint32_t error, void* self) {
    Answer& answer = Self(self).answers_[id];
    answer.closed = true;
    answer.error = error;
    return 0;
  }
  static int OnFrame(nghttp2_session*, const nghttp2_frame* frame, void* self) {
    if (frame->hd.type == NGHTTP2_PING && (frame->hd.flags & NGHTTP2_FLAG_ACK) == 0) Self(self).pings_++;
    if (frame->hd.type != NGHTTP2_GOAWAY) return 0;
    Self(self).go_away_ = frame->goaway.error_code;
    Self(self).go_away_reason_.append(reinterpret_cast<const char*>(frame->goaway.opaque_data),
                                      frame->goaway.opaque_data_len);
    return 0;
  }
  static ssize_t ReadBody(nghttp2_session*, int32_t id, uint8_t* buffer, size_t size, uint32_t* flags,
                          nghttp2_data_source*, void* self) {
    Body& body = Self(self).bodies_[id];
    size = std::min(size, body.bytes.size() - body.sent);
    std::memcpy(buffer, body.bytes.data() + body.sent, size);
    body.sent += size;
    if (body.bytes.size() == body.sent && body.end) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return size == 0 && !body.end ? ssize_t{NGHTTP2_ERR_DEFERRED} : static_cast<ssize_t>(size);
  }

  TestClient client_;
  nghttp2_session* raw_ = nullptr;
  std::map<int32_t, Answer> answers_;
  std::map<int32_t, Body> bodies_;
  int64_t go_away_ = -1;
  std::string go_away_reason_;
  int pings_ = 0;  // of the server
};

}  // namespace neso::net
