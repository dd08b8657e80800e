// What nghttp2 calls while it takes a session's input apart and writes its frames.
#pragma once

#include <nghttp2/nghttp2.h>

#include "net/service_limits.h"

namespace neso::net {

class Http2Session;

struct Http2Callbacks {
  // A server session whose callbacks go to `session`, with its settings queued. Null when memory is out.
  static nghttp2_session* NewServer(Http2Session& session, const ServiceLimits& limits);
  // Answers with the stream's data, read by nghttp2 as the window allows.
  static nghttp2_data_provider Provider();

 private:
  static int OnBeginHeaders(nghttp2_session* raw, const nghttp2_frame* frame, void* session);
  static int OnHeader(nghttp2_session* raw, const nghttp2_frame* frame, nghttp2_rcbuf* name, nghttp2_rcbuf* value,
                      uint8_t flags, void* session);
  static int OnFrame(nghttp2_session* raw, const nghttp2_frame* frame, void* session);
  static int OnInvalidFrame(nghttp2_session* raw, const nghttp2_frame* frame, int error, void* session);
  static int OnData(nghttp2_session* raw, uint8_t flags, int32_t id, const uint8_t* data, size_t size, void* session);
  static int OnStreamClose(nghttp2_session* raw, int32_t id, uint32_t error, void* session);
  static int OnFrameSent(nghttp2_session* raw, const nghttp2_frame* frame, void* session);
  static int OnFrameNotSent(nghttp2_session* raw, const nghttp2_frame* frame, int error, void* session);
  static int SendData(nghttp2_session* raw, nghttp2_frame* frame, const uint8_t* header, size_t size,
                      nghttp2_data_source* source, void* session);
  static ssize_t ReadData(nghttp2_session* raw, int32_t id, uint8_t* buffer, size_t size, uint32_t* flags,
                          nghttp2_data_source* source, void* session);
};

}  // namespace neso::net
