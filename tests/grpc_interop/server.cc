// grpc.testing.TestService on our gRPC engine: what gRPC's interoperability clients call. Takes any free port of the
// loopback interface and writes its number; ends with its standard input.
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/base64.h"
#include "base/executor.h"
#include "net/grpc_server.h"
#include "net/reactor/reactor_pool.h"
#include "test.pb.h"

namespace {

using namespace grpc::testing;  // NOLINT(google-build-using-namespace): the messages
using neso::BufferRef;
using neso::net::GrpcCallRef;
using neso::net::GrpcCode;
using neso::net::GrpcMessage;
using neso::net::GrpcMetadata;
using neso::net::GrpcReceiverRef;
using neso::net::GrpcStatus;

template <typename Message>
Message Parse(const BufferRef& bytes) {
  Message message;
  message.ParseFromArray(bytes->data(), static_cast<int>(bytes->size()));
  return message;
}

GrpcMessage Serialize(const google::protobuf::MessageLite& message) {
  GrpcMessage serialized;
  serialized.head = neso::BlockString(message.SerializeAsString());
  return serialized;
}

// What all methods do: metadata that asks for it comes back.
class TestCall : public neso::net::GrpcReceiver {
 public:
  explicit TestCall(GrpcCallRef call) : call_(std::move(call)) {
    constexpr const char* kInitial = "x-grpc-test-echo-initial";
    constexpr const char* kTrailing = "x-grpc-test-echo-trailing-bin";
    if (call_->head().Has(kInitial)) call_->SendMetadata({{kInitial, std::string(call_->head().Find(kInitial))}});
    if (!call_->head().Has(kTrailing)) return;
    const auto bytes = neso::DecodeBase64(call_->head().Find(kTrailing));
    if (bytes) trailing_.emplace_back(kTrailing, *bytes);
  }
  void OnCancel() override {}

 protected:
  void Send(const google::protobuf::MessageLite& message) { call_->Send(Serialize(message)); }
  void Finish(const EchoStatus& status) {
    call_->Finish({static_cast<GrpcCode>(status.code()), status.message(), trailing_});
  }

 private:
  const GrpcCallRef call_;
  GrpcMetadata trailing_;
};

class EmptyCall final : public TestCall {
 public:
  using TestCall::TestCall;
  void OnMessage(BufferRef) override {}
  void OnEnd() override {
    Send(Empty());
    Finish({});
  }
};

class UnaryCall final : public TestCall {
 public:
  using TestCall::TestCall;
  void OnMessage(BufferRef message) override { request_ = Parse<SimpleRequest>(message); }
  void OnEnd() override {
    if (request_.response_status().code() != 0) return Finish(request_.response_status());
    SimpleResponse response;
    response.set_server_id("neso");
    response.mutable_payload()->set_body(std::string(static_cast<size_t>(request_.response_size()), '\0'));
    Send(response);
    Finish({});
  }

 private:
  SimpleRequest request_;
};

class StreamingInputCall final : public TestCall {
 public:
  using TestCall::TestCall;
  void OnMessage(BufferRef message) override {
    const auto bytes = static_cast<int>(Parse<StreamingInputCallRequest>(message).payload().body().size());
    sum_.set_aggregated_payload_size(sum_.aggregated_payload_size() + bytes);
  }
  void OnEnd() override {
    Send(sum_);
    Finish({});
  }

 private:
  StreamingInputCallResponse sum_;
};

// StreamingOutputCall and FullDuplexCall.
class StreamingCall final : public TestCall {
 public:
  using TestCall::TestCall;
  void OnMessage(BufferRef message) override {
    const auto request = Parse<StreamingOutputCallRequest>(message);
    if (request.response_status().code() != 0) return Finish(request.response_status());
    for (const ResponseParameters& parameters : request.response_parameters()) {
      StreamingOutputCallResponse response;
      response.mutable_payload()->set_body(std::string(static_cast<size_t>(parameters.size()), '\0'));
      Send(response);
    }
  }
  void OnEnd() override { Finish({}); }
};

class TestService final : public neso::net::GrpcHandler {
 public:
  GrpcReceiverRef OnCall(GrpcCallRef call) override {
    const std::string_view path = call->head().path;
    if (path == "/grpc.testing.TestService/EmptyCall") return std::make_shared<EmptyCall>(std::move(call));
    if (path == "/grpc.testing.TestService/UnaryCall") return std::make_shared<UnaryCall>(std::move(call));
    if (path == "/grpc.testing.TestService/StreamingInputCall")
      return std::make_shared<StreamingInputCall>(std::move(call));
    if (path == "/grpc.testing.TestService/StreamingOutputCall" || path == "/grpc.testing.TestService/FullDuplexCall")
      return std::make_shared<StreamingCall>(std::move(call));
    return nullptr;
  }
};

}  // namespace

int main() {
  neso::Executor executor("interop-exec", 4);
  neso::net::ReactorPool reactors(executor);
  TestService service;
  const auto server = neso::net::GrpcServer::Start(reactors, service, {.address = "127.0.0.1"});
  if (!server) {
    std::fprintf(stderr, "%s\n", server.error().message().c_str());
    return 1;
  }
  std::printf("%d\n", (*server)->port());
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
}
