// A function as a callback of nghttp2 that no exception leaves, since it would pass through nghttp2: the connection
// fails instead.
//
//   nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, Nghttp2Callback<OnFrame>::Call);
#pragma once

#include <nghttp2/nghttp2.h>

#include "base/exception_status.h"

namespace neso::net {

template <auto kCallback>
struct Nghttp2Callback;
template <typename Result, typename... Arguments, Result (*kCallback)(Arguments...)>
struct Nghttp2Callback<kCallback> {
  static Result Call(Arguments... arguments) {
    try {
      return kCallback(arguments...);
    } catch (...) {
      LogException("an HTTP/2 connection");
      return NGHTTP2_ERR_CALLBACK_FAILURE;
    }
  }
};

}  // namespace neso::net
