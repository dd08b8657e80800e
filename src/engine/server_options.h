// What an InferenceServer is made from: TRITONSERVER_ServerOptions, with the C ABI's defaults.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/abi.h"
#include "repository/on_demand/on_demand_options.h"
#include "schedule/resource_table.h"

namespace neso {

using Settings = std::vector<std::pair<std::string, std::string>>;  // in the order given

class ServerOptions final : public TRITONSERVER_ServerOptions {
 public:
  std::string server_id = "triton";
  std::set<std::string> model_repositories;
  TRITONSERVER_ModelControlMode control_mode = TRITONSERVER_MODEL_CONTROL_POLL;  // the command line sets NONE
  std::set<std::string> startup_models;
  bool strict_model_config = true;  // no auto-completion; the command line sets false
  std::string model_config_name;
  std::string object_cache_directory;
  unsigned object_store_connections = 16;
  unsigned object_store_timeout_seconds = 30;
  TRITONSERVER_RateLimitMode rate_limit = TRITONSERVER_RATE_LIMIT_OFF;
  std::vector<ResourceLimit> rate_limit_resources;
  uint64_t pinned_memory_pool_bytes = 268'435'456;
  std::map<int, uint64_t> cuda_memory_pool_bytes;
  std::map<int, uint64_t> cuda_virtual_address_bytes;
  std::map<std::string, std::string> cache_config;  // cache name -> JSON
  std::string cache_directory = "/opt/tritonserver/caches";
  double min_compute_capability = 7.5;
  bool exit_on_error = true;
  bool strict_readiness = true;
  unsigned exit_timeout_seconds = 30;
  unsigned buffer_manager_threads = 0;
  unsigned model_load_threads = 4;
  unsigned model_load_retries = 0;
  bool model_namespacing = false;
  bool load_on_demand = false;  // in explicit mode: what requests ask for is loaded
  OnDemandOptions on_demand;
  bool peer_access = true;
  bool metrics = true;
  bool gpu_metrics = true;
  bool cpu_metrics = true;
  uint64_t metrics_interval_ms = 2000;
  std::string backend_directory = "/opt/tritonserver/backends";
  std::string repoagent_directory = "/opt/tritonserver/repoagents";
  std::vector<std::pair<std::string, Settings>> required_agents;  // see every model, in this order
  std::map<std::pair<int, int>, double> load_device_limits;       // (kind, device) -> fraction
  std::map<std::string, Settings> backend_config;                 // "" holds settings common to all backends
  std::map<std::string, Settings> host_policies;
  std::map<std::string, Settings> metrics_config;  // "" holds settings common to all
  bool latency_summaries = false;                  // models keep them, whether metrics show them or not
};

}  // namespace neso
