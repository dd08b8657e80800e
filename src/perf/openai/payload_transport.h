// JSON to a path over HTTP/1.1 (--service-kind openai), and what comes back: JSON, or events with parts of it.
#pragma once

#include <map>
#include <string>
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
  // Of sessions, whose requests bring what was said before; kept for the export only.
  const std::string* SentBody(size_t request) const override;

 private:
  class PayloadLane;
  Expected<InferBytes> Write(std::string body) const;

  const client::Endpoint endpoint_;
  const Options& options_;
  client::Loop loop_;
  std::map<size_t, std::string> sent_;
};

}  // namespace neso::perf
