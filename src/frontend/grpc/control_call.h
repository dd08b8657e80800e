// One call of a ControlService function: from the request message to the response message.
//
//   return std::make_shared<ControlCall<&ControlService::ModelReady>>(service, nullptr, call);
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/exception_status.h"
#include "base/executor.h"
#include "frontend/grpc/control_service.h"
#include "frontend/grpc/grpc_status.h"
#include "frontend/grpc/read_message.h"
#include "net/grpc_call.h"

namespace neso {

template <auto kFunction>
class ControlCall;

template <typename Request, typename Response, Status (ControlService::*kFunction)(const Request&, Response&)>
class ControlCall<kFunction> final : public net::GrpcReceiver,
                                     public std::enable_shared_from_this<ControlCall<kFunction>> {
 public:
  // Runs on `executor` if there is one. Both outlive the call.
  ControlCall(ControlService& service, Executor* executor, net::GrpcCallRef call)
      : service_(service), executor_(executor), call_(std::move(call)) {}

  void OnMessage(BufferRef message) override {
    ++message_count_;
    refusal_ = ReadMessage(message, request_);
  }

  void OnEnd() override {
    if (message_count_ != 1) return call_->Finish(UnreadableRequest());
    if (refusal_) return call_->Finish(*std::move(refusal_));
    if (executor_ == nullptr) return Run();
    const bool posted = executor_->Post([self = this->shared_from_this()] {
      try {
        self->Run();
      } catch (...) {
        self->call_->Finish(ToGrpcStatus(StatusOfException()));
      }
    });
    if (!posted) call_->Finish(ToGrpcStatus(OutOfMemory()));
  }

  void OnCancel() override {}  // what has begun ends as it would have

 private:
  void Run() {
    Response response;
    const Status status = (service_.*kFunction)(request_, response);
    if (!status.ok()) return call_->Finish(ToGrpcStatus(status));
    net::GrpcMessage message;
    response.SerializeToString(&message.head);
    call_->SendAndFinish(std::move(message));
  }

  ControlService& service_;
  Executor* const executor_;
  const net::GrpcCallRef call_;
  Request request_;
  size_t message_count_ = 0;
  std::optional<net::GrpcStatus> refusal_;
};

}  // namespace neso
