// The floor of gRPC serving: one thread, one epoll set, nghttp2 as it is used by default. Every call is answered with
// the message that it sent.
//
//   grpc_echo PORT
//
// It trusts its clients: no limits, no deadlines, no check of what the messages are.
#include <nghttp2/nghttp2.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <unordered_map>

#include "epoll_server.h"

namespace {

struct Stream {
  std::string body;
  size_t sent = 0;
};

struct Connection {
  explicit Connection(int fd) : fd(fd) {}
  ~Connection() {
    nghttp2_session_del(session);
    close(fd);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  const int fd;
  nghttp2_session* session = nullptr;
  std::unordered_map<int32_t, std::unique_ptr<Stream>> streams;
  std::string out;  // serialised, not yet written
  size_t written = 0;
};

nghttp2_nv Field(const char* name, const char* value) {
  nghttp2_nv field{};
  field.name = reinterpret_cast<uint8_t*>(const_cast<char*>(name));
  field.namelen = std::strlen(name);
  field.value = reinterpret_cast<uint8_t*>(const_cast<char*>(value));
  field.valuelen = std::strlen(value);
  return field;
}

ssize_t ReadBody(nghttp2_session* session, int32_t id, uint8_t* buffer, size_t size, uint32_t* flags,
                 nghttp2_data_source* source, void*) {
  auto* stream = static_cast<Stream*>(source->ptr);
  const size_t count = std::min(size, stream->body.size() - stream->sent);
  std::memcpy(buffer, stream->body.data() + stream->sent, count);
  stream->sent += count;
  if (stream->sent == stream->body.size()) {
    *flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
    const nghttp2_nv trailers[] = {Field("grpc-status", "0")};
    nghttp2_submit_trailer(session, id, trailers, 1);
  }
  return static_cast<ssize_t>(count);
}

int OnBeginHeaders(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
  auto stream = std::make_unique<Stream>();
  nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, stream.get());
  static_cast<Connection*>(user)->streams[frame->hd.stream_id] = std::move(stream);
  return 0;
}

int OnData(nghttp2_session* session, uint8_t, int32_t id, const uint8_t* data, size_t size, void*) {
  auto* stream = static_cast<Stream*>(nghttp2_session_get_stream_user_data(session, id));
  if (stream != nullptr) stream->body.append(reinterpret_cast<const char*>(data), size);
  return 0;
}

int OnFrame(nghttp2_session* session, const nghttp2_frame* frame, void*) {
  if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) return 0;
  auto* stream = static_cast<Stream*>(nghttp2_session_get_stream_user_data(session, frame->hd.stream_id));
  if (stream == nullptr) return 0;
  const nghttp2_nv head[] = {Field(":status", "200"), Field("content-type", "application/grpc")};
  nghttp2_data_provider provider{};
  provider.source.ptr = stream;
  provider.read_callback = ReadBody;
  return nghttp2_submit_response(session, frame->hd.stream_id, head, 2, &provider);
}

int OnStreamClose(nghttp2_session*, int32_t id, uint32_t, void* user) {
  static_cast<Connection*>(user)->streams.erase(id);
  return 0;
}

void StartSession(Connection& connection) {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, OnBeginHeaders);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, OnData);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, OnFrame);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, OnStreamClose);
  nghttp2_session_server_new(&connection.session, callbacks, &connection);
  nghttp2_session_callbacks_del(callbacks);
  constexpr int kWindow = 16 << 20;
  const nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kWindow}};
  nghttp2_submit_settings(connection.session, NGHTTP2_FLAG_NONE, settings, 1);
  nghttp2_session_set_local_window_size(connection.session, NGHTTP2_FLAG_NONE, 0, kWindow);
}

// False when the connection is done for.
bool Flush(Connection& c) {
  constexpr size_t kAhead = 256 * 1024;
  for (;;) {
    while (c.out.size() < kAhead) {
      const uint8_t* bytes = nullptr;
      const ssize_t size = nghttp2_session_mem_send(c.session, &bytes);
      if (size < 0) return false;
      if (size == 0) break;
      c.out.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(size));
    }
    if (c.out.empty()) return true;
    const ssize_t n = send(c.fd, c.out.data() + c.written, c.out.size() - c.written, MSG_NOSIGNAL);
    if (n < 0) return errno == EAGAIN;
    c.written += static_cast<size_t>(n);
    if (c.written == c.out.size()) {
      c.out.clear();
      c.written = 0;
    }
  }
}

bool Serve(Connection& c) {
  static char buffer[256 * 1024];
  for (;;) {
    const ssize_t n = recv(c.fd, buffer, sizeof buffer, 0);
    if (n == 0) return false;
    if (n < 0) return errno == EAGAIN && Flush(c);
    if (nghttp2_session_mem_recv(c.session, reinterpret_cast<uint8_t*>(buffer), static_cast<size_t>(n)) < 0)
      return false;
    if (!Flush(c)) return false;
    if (static_cast<size_t>(n) < sizeof buffer) return true;
  }
}

}  // namespace

int main(int argc, char** argv) {
  return bench::ServeForEver(
      argc, argv, 9002,
      [](int fd) {
        auto* const connection = new Connection(fd);
        StartSession(*connection);
        return connection;
      },
      Serve);
}
