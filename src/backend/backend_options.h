// What the command line says about backends.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "device/memory_manager.h"
#include "schedule/resource_table.h"

namespace neso {

using BackendSettings = std::vector<std::pair<std::string, std::string>>;  // in command-line order

struct BackendOptions {
  std::string backend_directory;  // --backend-directory
  std::string repository_fallback_directory = "/opt/tritonserver/backends";
  std::map<std::string, BackendSettings> settings;  // by backend; "" holds those common to all
  bool auto_complete = true;
  double min_compute_capability = 0.0;
  std::map<std::string, BackendSettings> host_policies;
  // Instances execute only while they have the resources that they need; without a value nothing is limited.
  std::optional<std::vector<ResourceLimit>> rate_limits;
  MemoryPools memory_pools{.pinned_bytes = 268'435'456};
  // --model-load-gpu-limit: GPU -> the fraction of its memory beyond which no model is loaded.
  std::map<int, double> gpu_load_limits{};
  // --cuda-virtual-address-size: GPU -> the addresses that a growing state reserves; those that are not here have 1 GiB.
  std::map<int, uint64_t> gpu_addresses{};
  bool peer_access = true;  // GPUs read each other's memory where they can
  // The buckets of the models' duration histograms, in milliseconds; without a value models have no histograms.
  std::optional<std::vector<double>> histogram_bounds;
  bool latency_summaries = false;
};

}  // namespace neso
