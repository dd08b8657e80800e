// JSON to a path over HTTP/1.1 (--service-kind openai), and what comes back: JSON, or events with parts of it.
#pragma once

#include <utility>

#include "client/endpoint.h"
#include "client/loop.h"
#include "perf/transport.h"

namespace neso::perf {

class PayloadTransport final : public Transport {
 public:
  PayloadTransport(client::Endpoint endpoint, const Options& options)
      : endpoint_(std::move(endpoint)), options_(options) {}

  Expected<InferBytes> Encode(const TensorSet& request, const ModelFacts& facts) const override;
  Expected<std::unique_ptr<Lane>> OpenLane(Lane::Listener& listener) override;
  void RunOnce(TimePoint until) override { loop_.RunOnce(until); }

 private:
  const client::Endpoint endpoint_;
  const Options& options_;
  client::Loop loop_;
};

}  // namespace neso::perf
