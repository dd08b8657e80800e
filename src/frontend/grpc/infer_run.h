// One inference over gRPC: a message, the request made of it, and the responses.
//
//   class Printed final : public InferRun {
//     void OnResponse(std::unique_ptr<InferenceResponse> response, bool is_final) override;
//   };
//   auto run = std::make_shared<Printed>(context);
//   if (!run->Parse(std::move(message))) ...
//   run->FindModel([run](const Status& found) {
//     RETURN_IF_ERROR(found);
//     RETURN_IF_ERROR(run->Fill());
//     return run->Submit(call->head(), read_times);
//   });
//
// The message, which inputs point into, is kept by it.
#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <string>

#include "base/buffer.h"
#include "base/status.h"
#include "engine/inference_server.h"
#include "frontend/grpc/infer_request.h"
#include "frontend/header_forwarder.h"
#include "frontend/running_request.h"
#include "net/grpc_call.h"
#include "observe/tracer.h"

namespace neso {

// What inference calls use of the front end. All of it outlives them.
struct InferContext {
  const InferenceServer& server;
  const SharedMemoryManager& regions;
  Tracer& tracer;
  const HeaderForwarder* header_forwarder = nullptr;  // null: no metadata become parameters
  std::chrono::seconds response_delay{0};             // each response is held back so long, for tests of clients
};

// When a call began to wait for a message, and when it had it (steady ns); zero while nothing is traced.
struct ReadTimes {
  uint64_t start_ns = 0;
  uint64_t end_ns = 0;
};

class InferRun : public RunningRequest {
 public:
  explicit InferRun(const InferContext& context) : RunningRequest(context.regions), context_(context) {}

  // Reads the message and finds the model. False: it is not a ModelInferRequest.
  bool Parse(BufferRef message);
  // Calls `then` with a Status once the model has been found, or cannot be: within this call, or later on another
  // thread. So `then` keeps this object. What the request says of itself is readable after Parse.
  template <typename Then>
  void FindModel(Then then);
  // Errors: what FillFromWire finds.
  Status Fill();
  // Beside those of the message.
  void AddParameters(std::span<const NamedParameter> parameters);
  // `head`: the call's. After an error nothing more happens; otherwise OnResponse is called until `is_final`.
  Status Submit(const net::HttpHead& head, ReadTimes read);

  // False before the model has been found.
  bool is_decoupled() const { return is_decoupled_; }
  const std::string& id() const { return id_; }
  const std::string& model_name() const { return model_name_; }
  const std::string& model_version() const { return model_version_; }
  const GrpcInferOptions& options() const { return options_; }

 protected:
  const InferContext& context() const { return context_; }
  // `message` begins to leave; a trace sees when it has left.
  void TraceSending(net::GrpcMessage& message) const;
  // A response is about to be sent: not before context().response_delay, for which the thread waits that brings it.
  void BeginAnswer(bool is_final);

 private:
  bool SendsAsItIs(std::string_view output) const override { return !options_.classifications.contains(output); }
  void TakeModel(ModelHandle model, int64_t version);

  const InferContext& context_;
  BufferRef message_;
  WireInferRequest wire_;  // views into message_
  std::string id_, model_name_, model_version_;
  bool is_decoupled_ = false;
  std::unique_ptr<InferenceRequest> request_;  // until Submit
  GrpcInferOptions options_;
};

template <typename Then>
void InferRun::FindModel(Then then) {
  const Expected<int64_t> version = ParseModelVersion(wire_.model_version);
  if (!version) return then(version.error());
  context_.server.models().FindThen(
      wire_.model_name, *version,
      [this, version = *version, then = std::move(then)](Expected<ModelHandle> model) mutable {
        if (!model) return then(model.error());
        TakeModel(*std::move(model), version);
        then(Status());
      });
}

}  // namespace neso
