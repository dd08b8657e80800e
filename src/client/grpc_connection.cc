#include "client/grpc_connection.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"
#include "client/read_scratch.h"
#include "net/http2/nghttp2_callback.h"
#include "net/http2/nghttp2_memory.h"

namespace neso::client {
namespace {

using net::IoResult;
using net::Nghttp2Callback;

// Windows that fit tensors: a server seldom waits for an update within a message of some megabytes.
constexpr int32_t kStreamWindow = 16 << 20;
constexpr int32_t kConnectionWindow = 64 << 20;
constexpr uint32_t kMaxFrame = 1 << 20;
constexpr size_t kOutputAhead = 256 << 10;  // framed before the socket is asked to take it
constexpr size_t kFrameHeader = 9;

std::string_view View(const uint8_t* data, size_t size) { return {reinterpret_cast<const char*>(data), size}; }

}  // namespace

// What nghttp2 calls while it takes the answers apart and writes the requests' frames.
struct GrpcConnection::Callbacks {
  static GrpcConnection& Self(void* connection) { return *static_cast<GrpcConnection*>(connection); }
  // Null: it is over.
  static GrpcCall* Find(nghttp2_session* raw, int32_t id) {
    return static_cast<GrpcCall*>(nghttp2_session_get_stream_user_data(raw, id));
  }

  static int OnHeader(nghttp2_session* raw, const nghttp2_frame* frame, const uint8_t* name, size_t name_size,
                      const uint8_t* value, size_t value_size, uint8_t, void*) {
    GrpcCall* const call = Find(raw, frame->hd.stream_id);
    if (call != nullptr) call->answer_.AddField(View(name, name_size), View(value, value_size));
    return 0;
  }

  static int OnData(nghttp2_session* raw, uint8_t, int32_t id, const uint8_t* bytes, size_t size, void* connection) {
    std::string_view data = View(bytes, size);
    while (GrpcCall* const call = Find(raw, id)) {
      switch (call->answer_.Take(data)) {
        case GrpcAnswerReader::State::kMessage: call->listener_.OnMessage(*call, call->answer_.message()); break;
        case GrpcAnswerReader::State::kMore: return 0;
        case GrpcAnswerReader::State::kFailed:
          Self(connection).Reset(*call);
          Self(connection).EndCall(*call, call->answer_.End());
          break;
      }
    }
    return 0;
  }

  static int OnFrame(nghttp2_session* raw, const nghttp2_frame* frame, void* connection) {
    const bool is_of_answer = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
    if (!is_of_answer || (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) return 0;
    GrpcCall* const call = Find(raw, frame->hd.stream_id);
    if (call == nullptr) return 0;
    // An answer that is complete before its request: nobody needs the rest.
    if (!call->is_sent_) Self(connection).Reset(*call);
    Self(connection).EndCall(*call, call->answer_.End());
    return 0;
  }

  static int OnStreamClose(nghttp2_session* raw, int32_t id, uint32_t error, void* connection) {
    if (GrpcCall* const call = Find(raw, id)) Self(connection).EndCall(*call, call->answer_.End(error));
    return 0;
  }

  // A request that nghttp2 will not send: after a goodbye, say.
  static int OnFrameNotSent(nghttp2_session* raw, const nghttp2_frame* frame, int error, void* connection) {
    if (frame->hd.type != NGHTTP2_HEADERS) return 0;
    if (GrpcCall* const call = Find(raw, frame->hd.stream_id))
      Self(connection).EndCall(*call, {net::GrpcCode::kUnavailable, nghttp2_strerror(error)});
    return 0;
  }

  static ssize_t ReadData(nghttp2_session* raw, int32_t id, uint8_t* buffer, size_t size, uint32_t* flags,
                          nghttp2_data_source*, void*) {
    GrpcCall* const call = Find(raw, id);
    if (call == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    const ssize_t prepared = call->outgoing_.Prepare(buffer, size, flags);
    call->is_sent_ = (*flags & NGHTTP2_DATA_FLAG_EOF) != 0;
    return prepared;
  }

  static int SendData(nghttp2_session* raw, nghttp2_frame* frame, const uint8_t* header, size_t size,
                      nghttp2_data_source*, void* connection) {
    GrpcCall* const call = Find(raw, frame->hd.stream_id);
    if (call == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    Self(connection).output_.Copy(View(header, kFrameHeader));
    call->outgoing_.MoveTo(Self(connection).output_, size);
    return 0;
  }

  // As long as the server takes them, and the windows let.
  static ssize_t FrameBytes(nghttp2_session*, uint8_t, int32_t, int32_t connection_window, int32_t stream_window,
                            uint32_t max_frame, void*) {
    return std::min({int64_t{connection_window}, int64_t{stream_window}, int64_t{max_frame}, int64_t{kMaxFrame}});
  }

  static nghttp2_session* NewSession(GrpcConnection& connection) {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_option* option = nullptr;
    nghttp2_session* raw = nullptr;
    CHECK(nghttp2_session_callbacks_new(&callbacks) == 0 && nghttp2_option_new(&option) == 0,
          "without memory the process cannot go on");
    nghttp2_session_callbacks_set_on_header_callback(callbacks, Nghttp2Callback<OnHeader>::Call);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, Nghttp2Callback<OnData>::Call);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, Nghttp2Callback<OnFrame>::Call);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, Nghttp2Callback<OnStreamClose>::Call);
    nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks, Nghttp2Callback<OnFrameNotSent>::Call);
    nghttp2_session_callbacks_set_send_data_callback(callbacks, Nghttp2Callback<SendData>::Call);
    nghttp2_session_callbacks_set_data_source_read_length_callback(callbacks, Nghttp2Callback<FrameBytes>::Call);
    nghttp2_option_set_no_closed_streams(option, 1);
    // Until the server has said how many calls it takes: more might be refused.
    nghttp2_option_set_peer_max_concurrent_streams(option, 1);
    nghttp2_mem memory = net::Nghttp2Memory();
    const int created = nghttp2_session_client_new3(&raw, callbacks, &connection, option, &memory);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_option_del(option);
    const nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
                                               {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kStreamWindow},
                                               {NGHTTP2_SETTINGS_MAX_FRAME_SIZE, kMaxFrame}};
    CHECK(created == 0 && nghttp2_submit_settings(raw, NGHTTP2_FLAG_NONE, settings, std::size(settings)) == 0 &&
              nghttp2_session_set_local_window_size(raw, NGHTTP2_FLAG_NONE, 0, kConnectionWindow) == 0,
          "without memory the process cannot go on");
    return raw;
  }
};

Expected<std::unique_ptr<GrpcConnection>> GrpcConnection::Connect(Loop& loop, const Endpoint& endpoint,
                                                                  TimePoint deadline) {
  ASSIGN_OR_RETURN(Dialled dialled, Dial(endpoint, Wire::kHttp2, deadline, loop.load()));
  return Adopt(loop, std::move(dialled));
}

std::unique_ptr<GrpcConnection> GrpcConnection::Adopt(Loop& loop, Dialled dialled) {
  auto connection = std::make_unique<GrpcConnection>(std::move(dialled.transport));
  loop.Watch(dialled.fd, *connection);
  return connection;
}

GrpcConnection::GrpcConnection(std::unique_ptr<net::Transport> transport)
    : transport_(std::move(transport)), raw_(Callbacks::NewSession(*this)) {}

GrpcConnection::~GrpcConnection() {
  for (GrpcCall* const call : calls_) call->connection_ = nullptr;
  nghttp2_session_del(raw_);
}

bool GrpcConnection::is_open() const { return !is_lost_ && nghttp2_session_check_request_allowed(raw_) != 0; }

void GrpcConnection::OnEvents(bool is_ending) {
  is_ending_ |= is_ending;
  is_readable_ = true;
  Read();
  Flush();
  // nghttp2 gives up a connection whose server breaks the rules: it says so to the server, and wants no more.
  const bool is_over = nghttp2_session_want_read(raw_) == 0 && nghttp2_session_want_write(raw_) == 0;
  if (is_over && !is_lost_) Lose("the connection is over: the server has said goodbye, or broken the rules of HTTP/2");
}

void GrpcConnection::Add(GrpcCall& call, const GrpcMethod& method) {
  nghttp2_data_provider provider{};
  provider.read_callback = Nghttp2Callback<Callbacks::ReadData>::Call;
  const net::Http2Fields& fields = method.fields();
  call.id_ = nghttp2_submit_request(raw_, nullptr, fields.data(), fields.size(), &provider, &call);
  CHECK(call.id_ > 0, "an open connection takes a call");
  call.connection_ = this;
  call.place_ = calls_.size();
  calls_.push_back(&call);
}

void GrpcConnection::Remove(GrpcCall& call) {
  GrpcCall* const last = calls_.back();
  calls_[call.place_] = last;
  last->place_ = call.place_;
  calls_.pop_back();
  call.connection_ = nullptr;
  nghttp2_session_set_stream_user_data(raw_, call.id_, nullptr);  // fails for one that nghttp2 has let go of
}

void GrpcConnection::Abandon(GrpcCall& call) {
  Reset(call);
  Remove(call);
  Flush();
}

void GrpcConnection::Reset(const GrpcCall& call) {
  CHECK(nghttp2_submit_rst_stream(raw_, NGHTTP2_FLAG_NONE, call.id_, NGHTTP2_CANCEL) == 0,
        "without memory the process cannot go on");
}

void GrpcConnection::Resume(const GrpcCall& call) {
  (void)nghttp2_session_resume_data(raw_, call.id_);  // fails for one that the server has ended, which is told soon
}

void GrpcConnection::Read() {
  is_busy_ = true;
  ReadScratch& scratch = ThreadReadScratch();
  while (is_readable_ && !is_lost_) {
    iovec piece{scratch.data(), scratch.size()};
    const IoResult result = transport_->Read({&piece, 1});
    is_readable_ = is_ending_ || !result.drained;
    if (result.state == IoResult::State::kWouldBlock) break;
    if (result.state != IoResult::State::kOk) {
      Lose("the server has closed the connection");
      break;
    }
    ++heard_;
    const ssize_t taken =
        nghttp2_session_mem_recv(raw_, reinterpret_cast<const uint8_t*>(scratch.data()), result.bytes);
    if (taken < 0)
      Lose(fmt::format("the server's answer cannot be read: {}: is another protocol spoken at this port?",
                       nghttp2_strerror(static_cast<int>(taken))));
  }
  is_busy_ = false;
}

void GrpcConnection::Flush() {
  if (is_busy_ || is_lost_) return;
  is_busy_ = true;
  for (;;) {
    while (output_.pending_bytes() < kOutputAhead) {
      const uint8_t* bytes = nullptr;
      const size_t before = output_.pending_bytes();
      const ssize_t size = nghttp2_session_mem_send(raw_, &bytes);
      CHECK(size != NGHTTP2_ERR_NOMEM, "without memory the process cannot go on");
      if (size > 0) output_.Copy(View(bytes, static_cast<size_t>(size)));
      if (output_.pending_bytes() == before) break;
    }
    // What ails the connection is seen when it is read, after an answer that says why.
    if (output_.empty() || !output_.Flush(*transport_) || !output_.empty()) break;
  }
  is_busy_ = false;
}

void GrpcConnection::EndCall(GrpcCall& call, const net::GrpcStatus& status) {
  Remove(call);
  call.listener_.OnEnd(call, status);
}

void GrpcConnection::Lose(const std::string& reason) {
  is_lost_ = true;
  while (!calls_.empty()) EndCall(*calls_.back(), {net::GrpcCode::kUnavailable, reason});
}

}  // namespace neso::client
