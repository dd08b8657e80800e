// Requests whose work may take minutes leave the network thread. What the work throws is the request's answer.
//
//   PostReply(slow_work_, exchange, [this](net::HttpExchange& exchange) { ReplyError(exchange, Load()); });
//   server_.AskReady(ReplyLater(exchange, [](net::HttpExchange& exchange, const Readiness& ready) { ... }));
#pragma once

#include <utility>

#include "base/exception_status.h"
#include "base/executor.h"
#include "frontend/http/reply.h"

namespace neso {

// Runs `work(*exchange, ...)` when it is called.
template <typename Work>
auto ReplyLater(net::HttpExchangeRef exchange, Work work) {
  return [exchange = std::move(exchange), work = std::move(work)](const auto&... found) {
    try {
      work(*exchange, found...);
    } catch (...) {
      ReplyError(*exchange, StatusOfException());  // nothing, if it has been answered
    }
  };
}

// Runs `work(*exchange)` on `executor`.
template <typename Work>
void PostReply(Executor& executor, const net::HttpExchangeRef& exchange, Work work) {
  const bool posted = executor.Post(ReplyLater(exchange, std::move(work)));
  if (!posted) ReplyError(*exchange, OutOfMemory());
}

}  // namespace neso
