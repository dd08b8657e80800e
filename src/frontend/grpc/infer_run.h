// One inference over gRPC: a message, the request made of it, and the responses.
//
//   class Printed final : public InferRun {
//     void OnResponse(std::unique_ptr<InferenceResponse> response, bool is_final) override;
//   };
//   auto run = std::make_shared<Printed>();
//   if (!run->Parse(std::move(message))) ...
//   RETURN_IF_ERROR(run->FindModel(server));
//   RETURN_IF_ERROR(run->Fill());
//   RETURN_IF_ERROR(run->Submit());
//
// The message, which inputs point into, is kept by it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "base/status.h"
#include "engine/inference_server.h"
#include "frontend/grpc/infer_request.h"
#include "frontend/running_request.h"

namespace neso {

class InferRun : public RunningRequest {
 public:
  // `regions` outlives the run.
  explicit InferRun(const SharedMemoryManager& regions) : shared_(regions) {}

  // Reads the message and finds the model. False: it is not a ModelInferRequest.
  bool Parse(BufferRef message);
  // Errors: lookup errors, and what FillFromWire finds. What the request says of itself is readable after Parse.
  Status FindModel(const InferenceServer& server);
  Status Fill();
  // After an error nothing more happens; otherwise OnResponse is called until `is_final`.
  Status Submit();

  // False before the model has been found.
  bool is_decoupled() const { return is_decoupled_; }
  const std::string& id() const { return id_; }
  const std::string& model_name() const { return model_name_; }
  const std::string& model_version() const { return model_version_; }
  const GrpcInferOptions& options() const { return options_; }
  const SharedTensors& shared() const { return shared_; }

 protected:
  // Whether the response is one to send: the backend's error, or that of shared memory that went away meanwhile.
  Status CheckResponse(const InferenceResponse& response) const;

 private:
  BufferRef message_;
  WireInferRequest wire_;  // views into message_
  std::string id_, model_name_, model_version_;
  bool is_decoupled_ = false;
  std::unique_ptr<InferenceRequest> request_;  // until Submit
  GrpcInferOptions options_;
  std::vector<BufferRef> storage_;
  SharedTensors shared_;
};

}  // namespace neso
