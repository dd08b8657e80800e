// What is asked of a server, and what comes back, in the form of each protocol.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "client/http_client.h"
#include "net/grpc_call.h"

namespace neso::client_library {

// A call of the service's one method.
struct GrpcQuestion {
  std::string_view method;  // "ModelInfer"
  net::GrpcMetadata metadata = {};
  std::string message = {};
};

// Filled in for the protocols that the client's endpoints speak. Constant while it is asked, perhaps several times.
struct Question {
  client::HttpCall http;
  GrpcQuestion grpc;
};

struct GrpcAnswer {
  net::GrpcStatus status;
  std::string message = {};
};

// What the server has said, be it an error.
using Answer = std::variant<client::HttpAnswer, GrpcAnswer>;

}  // namespace neso::client_library
