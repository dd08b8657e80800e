// Feeds bytes to the server's reflection as a request, and checks that the answer can be sent and belongs to it.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "frontend/grpc/grpc_service.pb.h"
#include "frontend/grpc/health.pb.h"
#include "frontend/grpc/server_reflection.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using neso::ServerReflection;
  static const ServerReflection& reflection = *new ServerReflection(
      {inference::ModelInferRequest::descriptor()->file(), grpc::health::v1::HealthCheckRequest::descriptor()->file()});
  ServerReflection::Request request;
  if (!request.ParseFromArray(data, static_cast<int>(size))) return 0;
  const ServerReflection::Response response = reflection.Answer(request);
  if (response.message_response_case() == ServerReflection::Response::MESSAGE_RESPONSE_NOT_SET) std::abort();
  if (response.original_request().SerializeAsString() != request.SerializeAsString()) std::abort();
  ServerReflection::Response read;
  if (!read.ParseFromString(response.SerializeAsString())) std::abort();
  return 0;
}
