// Marks a request that is no inference as in flight, for its scope.
#pragma once

#include "engine/inference_server.h"

namespace neso {

class InferenceServer::Activity {
 public:
  explicit Activity(const InferenceServer& server) : server_(server) { server_.activities_.fetch_add(1); }
  ~Activity() { server_.activities_.fetch_sub(1); }
  Activity(const Activity&) = delete;
  Activity& operator=(const Activity&) = delete;

 private:
  const InferenceServer& server_;
};

}  // namespace neso
