// gRPC: a call for each request, or streams that carry many; connections are shared as clients of perf_analyzer share
// their channels.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "client/endpoint.h"
#include "client/grpc_client.h"
#include "client/grpc_method.h"
#include "client/loop.h"
#include "neso/protobuf_wire.h"
#include "perf/grpc_line.h"
#include "perf/grpc_stream.h"
#include "perf/transport.h"

namespace neso::perf {

class GrpcTransport final : public Transport {
 public:
  GrpcTransport(client::Endpoint endpoint, const Options& options);

  Expected<std::string> Ask(Question question, const std::string& model, const std::string& version) override;
  Status SetTrace(const TraceSettings& settings) override;
  Status Load(const std::string& model, const std::string& config) override;
  Status Unload(const std::string& model) override;
  Expected<InferBytes> Encode(const TensorSet& request, const ModelFacts& facts) const override;
  Expected<std::unique_ptr<Lane>> OpenLane(Lane::Listener& listener) override;
  Status Register(const SharedRegion& region) override;
  Status Unregister(const SharedRegion& region) override;
  void RunOnce(TimePoint until) override { loop_.RunOnce(until); }

 private:
  // Of the inference service. Errors: the server's own text, and what to do without an access key.
  Expected<std::string> Call(std::string_view method, const wire::MessageWriter& message,
                             const client::Patience& patience = UsualPatience());

  const client::Endpoint endpoint_;
  const Options& options_;
  const client::GrpcMethod infer_, stream_infer_;
  client::GrpcClient client_;
  client::Loop loop_;
  std::vector<std::unique_ptr<GrpcLine>> lines_;
  std::vector<std::unique_ptr<GrpcStream>> streams_;
  size_t lanes_ = 0;
};

}  // namespace neso::perf
