// Where the threads of a model instance run and allocate: --host-policy=<name>,numa-node=<n> and cpu-cores=<a>-<b>,<c>.
#pragma once

#include <string>
#include <vector>

#include "backend/backend_options.h"
#include "base/status.h"

namespace neso {

// Immutable.
class HostPolicy {
 public:
  // `settings` may be null: nothing is asked for.
  // Errors: kInvalidArg for a setting that does not exist or does not parse.
  static Expected<HostPolicy> Make(const std::string& name, const BackendSettings* settings);

  // {"<name>":{"cpu-cores":"0-3","numa-node":"0"}}, as TRITONBACKEND_ModelInstanceHostPolicy shows it.
  const std::string& json() const { return json_; }
  const std::string& name() const { return name_; }
  const std::vector<int>& cores() const { return cores_; }
  int numa_node() const { return numa_node_; }
  // Whether threads are bound at all.
  bool binds() const { return !cores_.empty() || numa_node_ >= 0; }
  // Binds the calling thread for good. What the system refuses is logged.
  void BindThread() const;

 private:
  std::string name_;
  std::string json_;
  std::vector<int> cores_;
  int numa_node_ = -1;
};

// "0-3,8" is {0, 1, 2, 3, 8}. Error: kInvalidArg.
Expected<std::vector<int>> ParseCpuCores(const std::string& text);

}  // namespace neso
