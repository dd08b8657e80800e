#include "net/http2/http2_callbacks.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>

#include "net/http2/http2_head_check.h"
#include "net/http2/http2_session.h"
#include "net/http2/nghttp2_callback.h"
#include "net/http2/nghttp2_memory.h"

namespace neso::net {
namespace {

// Windows that fit tensors: a client seldom waits for an update within a message of some megabytes.
constexpr int32_t kStreamWindow = 16 << 20;
constexpr int32_t kConnectionWindow = 64 << 20;
constexpr uint32_t kMaxFrame = 1 << 20;  // a tensor in one frame is read where it belongs with few calls

uint32_t SettingOf(size_t limit) { return static_cast<uint32_t>(std::min<size_t>(limit, UINT32_MAX)); }
Http2Session& Self(void* session) { return *static_cast<Http2Session*>(session); }
std::string_view View(const uint8_t* data, size_t size) { return {reinterpret_cast<const char*>(data), size}; }

}  // namespace

nghttp2_session* Http2Callbacks::NewServer(Http2Session& session, const ServiceLimits& limits) {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_option* option = nullptr;
  nghttp2_session* raw = nullptr;
  if (nghttp2_session_callbacks_new(&callbacks) != 0) return nullptr;
  if (nghttp2_option_new(&option) != 0) {
    nghttp2_session_callbacks_del(callbacks);
    return nullptr;
  }
  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, Nghttp2Callback<OnBeginHeaders>::Call);
  nghttp2_session_callbacks_set_on_header_callback2(callbacks, Nghttp2Callback<OnHeader>::Call);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, Nghttp2Callback<OnFrame>::Call);
  nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks, Nghttp2Callback<OnInvalidFrame>::Call);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, Nghttp2Callback<OnData>::Call);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, Nghttp2Callback<OnStreamClose>::Call);
  nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, Nghttp2Callback<OnFrameSent>::Call);
  nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks, Nghttp2Callback<OnFrameNotSent>::Call);
  nghttp2_session_callbacks_set_send_data_callback(callbacks, Nghttp2Callback<SendData>::Call);
  nghttp2_option_set_no_auto_window_update(option, 1);
  nghttp2_option_set_no_closed_streams(option, 1);
  nghttp2_option_set_no_http_messaging(option, 1);  // Http2HeadCheck does that, once for heads that are alike
  nghttp2_option_set_stream_reset_rate_limit(option, 1'000'000, 1'000'000);  // Http2Guard says it in a better way
  nghttp2_mem memory = Nghttp2Memory();
  const int created = nghttp2_session_server_new3(&raw, callbacks, &session, option, &memory);
  nghttp2_session_callbacks_del(callbacks);
  nghttp2_option_del(option);
  if (created != 0) return nullptr;
  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, SettingOf(limits.max_streams)},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, kStreamWindow},
      {NGHTTP2_SETTINGS_MAX_FRAME_SIZE, kMaxFrame},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, SettingOf(limits.max_head_bytes)},
      {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
  };
  if (nghttp2_submit_settings(raw, NGHTTP2_FLAG_NONE, settings, std::size(settings)) != 0 ||
      nghttp2_session_set_local_window_size(raw, NGHTTP2_FLAG_NONE, 0, kConnectionWindow) != 0) {
    nghttp2_session_del(raw);
    return nullptr;
  }
  return raw;
}

nghttp2_data_provider Http2Callbacks::Provider() {
  nghttp2_data_provider provider{};
  provider.read_callback = Nghttp2Callback<ReadData>::Call;
  return provider;
}

int Http2Callbacks::OnBeginHeaders(nghttp2_session*, const nghttp2_frame* frame, void* session) {
  Http2Session& self = Self(session);
  self.in_headers_ = true;
  self.has_bad_trailers_ = false;
  if (frame->headers.cat == NGHTTP2_HCAT_REQUEST)
    self.collector_.Start(self.limits().max_head_bytes, self.connection_.context().grpc != nullptr);
  return 0;
}

int Http2Callbacks::OnHeader(nghttp2_session*, const nghttp2_frame* frame, nghttp2_rcbuf* name, nghttp2_rcbuf* value,
                             uint8_t, void* session) {
  Http2Session& self = Self(session);
  if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
    self.collector_.Add(name, value);
  } else if (!Http2HeadCheck::IsTrailer(Http2Text::View(name), Http2Text::View(value))) {
    self.has_bad_trailers_ = true;  // good ones have no use here
  }
  return 0;
}

int Http2Callbacks::OnFrame(nghttp2_session*, const nghttp2_frame* frame, void* session) {
  Http2Session& self = Self(session);
  const int32_t id = frame->hd.stream_id;
  switch (frame->hd.type) {
    case NGHTTP2_HEADERS:
      self.in_headers_ = false;
      if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
        self.StartStream(id);
      } else if (self.has_bad_trailers_ || (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) {
        self.RefuseMalformed(id);
      }
      break;
    case NGHTTP2_DATA:
      if (frame->hd.length == 0 && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) self.OnControlFrame();
      break;
    case NGHTTP2_RST_STREAM:
      if (!self.guard_.OnReset(std::chrono::steady_clock::now())) self.Terminate(NGHTTP2_ENHANCE_YOUR_CALM);
      return 0;
    case NGHTTP2_PING: self.OnPing((frame->hd.flags & NGHTTP2_FLAG_ACK) != 0, frame->ping.opaque_data); return 0;
    case NGHTTP2_WINDOW_UPDATE: return 0;
    case NGHTTP2_SETTINGS: self.greeted_ = true; [[fallthrough]];
    default:
      if ((frame->hd.flags & NGHTTP2_FLAG_ACK) == 0) self.OnControlFrame();
      return 0;
  }
  if (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) {
    if (Http2Stream* stream = self.Find(id)) self.EndRequest(*stream);
  }
  return 0;
}

int Http2Callbacks::OnInvalidFrame(nghttp2_session*, const nghttp2_frame* frame, int, void* session) {
  Http2Session& self = Self(session);
  self.in_headers_ = false;
  self.order_.Forgive(frame->hd.stream_id);  // nghttp2 resets it
  self.OnControlFrame();
  return 0;
}

int Http2Callbacks::OnData(nghttp2_session*, uint8_t flags, int32_t id, const uint8_t* data, size_t size,
                           void* session) {
  Http2Session& self = Self(session);
  Http2Stream* const stream = self.Find(id);
  if (stream == nullptr) {
    self.ConsumeForConnection(size);
  } else if (stream->body_left && *stream->body_left < size) {
    self.ConsumeForConnection(size);
    self.RefuseMalformed(id);
  } else {
    if (stream->body_left) *stream->body_left -= size;
    stream->request_ends = (flags & NGHTTP2_FLAG_END_STREAM) != 0;
    stream->OnData(View(data, size));
  }
  return 0;
}

int Http2Callbacks::OnStreamClose(nghttp2_session*, int32_t id, uint32_t, void* session) {
  Self(session).CloseStream(id);
  return 0;
}

int Http2Callbacks::OnFrameSent(nghttp2_session*, const nghttp2_frame* frame, void* session) {
  Http2Session& self = Self(session);
  if (frame->hd.type == NGHTTP2_RST_STREAM) self.order_.Forgive(frame->hd.stream_id);
  const bool answer = frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS;
  if (!answer) return 0;
  self.guard_.OnAnswerSent();
  if (frame->hd.type == NGHTTP2_HEADERS) self.NoteFramed(frame->hd.length);
  if (self.keep_alive_) self.keep_alive_->OnDataSent();
  if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) return 0;
  // The answer is complete before the request: RFC 9113, 8.1 asks the client to stop then.
  const Http2Stream* stream = self.Find(frame->hd.stream_id);
  if (stream != nullptr && !stream->request_ended) self.Reset(frame->hd.stream_id, NGHTTP2_NO_ERROR);
  return 0;
}

// Heads and trailers that nghttp2 cannot encode, or finds too long: a stream whose answer does not come is reset.
int Http2Callbacks::OnFrameNotSent(nghttp2_session*, const nghttp2_frame* frame, int, void* session) {
  Http2Session& self = Self(session);
  const bool is_missed = frame->hd.type == NGHTTP2_HEADERS && self.Find(frame->hd.stream_id) != nullptr;
  if (is_missed) self.Reset(frame->hd.stream_id, NGHTTP2_INTERNAL_ERROR);
  return 0;
}

int Http2Callbacks::SendData(nghttp2_session*, nghttp2_frame* frame, const uint8_t* header, size_t size,
                             nghttp2_data_source*, void* session) {
  Http2Session& self = Self(session);
  Http2Stream* stream = self.Find(frame->hd.stream_id);
  if (stream == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  constexpr size_t kFrameHeader = 9;
  self.output_.Copy(View(header, kFrameHeader));
  stream->MoveData(size, self.output_);
  return 0;
}

ssize_t Http2Callbacks::ReadData(nghttp2_session*, int32_t id, uint8_t* buffer, size_t size, uint32_t* flags,
                                 nghttp2_data_source*, void* session) {
  Http2Stream* stream = Self(session).Find(id);
  return stream != nullptr ? stream->PrepareData(buffer, size, flags) : ssize_t{NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE};
}

}  // namespace neso::net
