// HTTP/1.1: a connection for each lane; tensors in binary behind the JSON, or within it.
#pragma once

#include <chrono>
#include <utility>

#include "client/endpoint.h"
#include "client/http_client.h"
#include "client/loop.h"
#include "perf/transport.h"

namespace neso::perf {

class HttpTransport final : public Transport {
 public:
  HttpTransport(client::Endpoint endpoint, const Options& options)
      : endpoint_(std::move(endpoint)), options_(options), client_(endpoint_, kMostAnswerBytes) {}

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
  Status Post(const std::string& path, const std::string& body, const client::Patience& patience = UsualPatience());

  const client::Endpoint endpoint_;
  const Options& options_;
  client::HttpClient client_;
  client::Loop loop_;
};

}  // namespace neso::perf
