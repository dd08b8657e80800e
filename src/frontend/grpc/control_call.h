// One call of a ControlService function: from the request message to the response message.
//
//   return std::make_shared<ControlCall<&ControlService::ModelConfig>>(service, nullptr, call, std::move(caller));
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/exception_status.h"
#include "base/executor.h"
#include "frontend/grpc/control_message.h"
#include "frontend/grpc/control_service.h"
#include "frontend/grpc/grpc_access.h"
#include "frontend/grpc/grpc_status.h"
#include "net/grpc_call.h"

namespace neso {

// Takes the one message of the call.
template <typename Request, typename Response>
class ControlReceiver : public net::GrpcReceiver {
 public:
  void OnMessage(BufferRef message) override {
    ++message_count_;
    refusal_ = ReadMessage(message, request_);
  }

  void OnEnd() override {
    if (message_count_ != 1) return call_->Finish(UnreadableRequest());
    if (refusal_) return call_->Finish(*std::move(refusal_));
    if (caller_) {
      const AccessRefusalRef refusal = caller_->CheckModel(ModelNameIn(request_));
      if (refusal) return call_->Finish(ToGrpcStatus(*refusal));
    }
    Begin();
  }

  void OnCancel() override {}  // what has begun ends as it would have

 protected:
  ControlReceiver(net::GrpcCallRef call, AccessCallerRef caller) : call_(std::move(call)), caller_(std::move(caller)) {}

  virtual void Begin() = 0;
  const AccessCaller* caller() const { return caller_.get(); }
  void Answer(const Status& status, const Response& response) {
    if (!status.ok()) return Finish(status);
    call_->SendAndFinish(Serialized(response));
  }
  void Finish(const Status& error) { call_->Finish(ToGrpcStatus(error)); }

  Request request_;

 private:
  const net::GrpcCallRef call_;
  const AccessCallerRef caller_;
  size_t message_count_ = 0;
  std::optional<net::GrpcStatus> refusal_;
};

template <auto kFunction>
class ControlCall;

template <typename Request, typename Response, Status (ControlService::*kFunction)(const Request&, Response&)>
class ControlCall<kFunction> final : public ControlReceiver<Request, Response>,
                                     public std::enable_shared_from_this<ControlCall<kFunction>> {
 public:
  // Runs on `executor` if there is one. Both outlive the call.
  ControlCall(ControlService& service, Executor* executor, net::GrpcCallRef call, AccessCallerRef caller)
      : ControlReceiver<Request, Response>(std::move(call), std::move(caller)),
        service_(service),
        executor_(executor) {}

 private:
  void Begin() override {
    if (executor_ == nullptr) return Run();
    const bool posted = executor_->Post([self = this->shared_from_this()] {
      try {
        self->Run();
      } catch (...) {
        self->Finish(StatusOfException());
      }
    });
    if (!posted) this->Finish(OutOfMemory());
  }

  void Run() {
    Response response;
    const Status status = (service_.*kFunction)(this->request_, response);
    if (this->caller() != nullptr) HideModels(*this->caller(), response);
    this->Answer(status, response);
  }

  ControlService& service_;
  Executor* const executor_;
};

// One whose answer comes later, on whichever thread has it.
template <auto kFunction>
class AskingCall;

template <typename Request, typename Response,
          void (ControlService::*kFunction)(const Request&, ControlService::Answer<Response>)>
class AskingCall<kFunction> final : public ControlReceiver<Request, Response>,
                                    public std::enable_shared_from_this<AskingCall<kFunction>> {
 public:
  AskingCall(ControlService& service, net::GrpcCallRef call, AccessCallerRef caller)
      : ControlReceiver<Request, Response>(std::move(call), std::move(caller)), service_(service) {}

 private:
  void Begin() override {
    const auto answer = [self = this->shared_from_this()](const Status& status, const Response& response) {
      try {
        self->Answer(status, response);
      } catch (...) {
        self->Finish(StatusOfException());
      }
    };
    (service_.*kFunction)(this->request_, answer);
  }

  ControlService& service_;
};

}  // namespace neso
