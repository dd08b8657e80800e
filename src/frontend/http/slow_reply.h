// Requests whose work may take minutes leave the network thread. What the work throws is the request's answer.
//
//   PostReply(slow_work_, exchange, [this](net::HttpExchange& exchange) { ReplyError(exchange, Load()); });
#pragma once

#include <utility>

#include "base/exception_status.h"
#include "base/executor.h"
#include "frontend/http/reply.h"

namespace neso {

// Runs `work(*exchange)` on `executor`.
template <typename Work>
void PostReply(Executor& executor, net::HttpExchangeRef exchange, Work work) {
  const bool posted = executor.Post([exchange, work = std::move(work)] {
    try {
      work(*exchange);
    } catch (...) {
      ReplyError(*exchange, StatusOfException());  // nothing, if it has been answered
    }
  });
  if (!posted) ReplyError(*exchange, OutOfMemory());
}

}  // namespace neso
