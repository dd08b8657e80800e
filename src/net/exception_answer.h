// What a client is told whose request ended in an exception. Within a catch block, at the border where a network thread
// calls a handler.
#pragma once

#include "net/grpc_call.h"
#include "net/http_exchange.h"

namespace neso::net {

// 503 when memory is out, 500 otherwise, with the exception's text.
HttpResponse HttpExceptionResponse();
// RESOURCE_EXHAUSTED, or INTERNAL.
GrpcStatus GrpcExceptionStatus();

}  // namespace neso::net
