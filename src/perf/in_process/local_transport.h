// No protocol: requests go to a server within this process (--service-kind triton_c_api).
#pragma once

#include <memory>
#include <vector>

#include "perf/in_process/inbox.h"
#include "perf/in_process/local_server.h"
#include "perf/transport.h"

namespace neso::perf {

class LocalTransport final : public Transport {
 public:
  // `options` outlive it. Errors: those of LocalServer::Start.
  static Expected<std::unique_ptr<Transport>> Start(const Options& options);
  ~LocalTransport() override;
  LocalTransport(const LocalTransport&) = delete;
  LocalTransport& operator=(const LocalTransport&) = delete;

  Expected<std::string> Ask(Question question, const std::string& model, const std::string& version) override {
    return server_->Ask(question, model, version);
  }
  Expected<InferBytes> Encode(const TensorSet& request, const ModelFacts& facts) const override;
  Expected<std::unique_ptr<Lane>> OpenLane(Lane::Listener& listener) override;
  void RunOnce(TimePoint until) override;

 private:
  LocalTransport(const Options& options, std::unique_ptr<LocalServer> server,
                 TRITONSERVER_ResponseAllocator* allocator);

  const Options& options_;
  std::unique_ptr<LocalServer> server_;
  TRITONSERVER_ResponseAllocator* const allocator_;
  Inbox inbox_;
  std::vector<std::unique_ptr<LocalCall>> calls_;  // one for each lane that there was
};

}  // namespace neso::perf
