// Options of backends, repository agents, cache, rate limiter, memory and shared memory.
#include <algorithm>

#include "base/memory_budget.h"
#include "base/text.h"
#include "server/option_spec.h"

namespace neso {
namespace {

Status BackendConfig(ParseState& state, const std::string& argument) {
  ASSIGN_OR_RETURN(NamedSetting setting, ParseNamedSetting(argument, NameIs::kOptional, "backend-config",
                                                           "<backend name>,<setting>=<value>"));
  if (setting.name == "tensorflow" && setting.setting == "version" && setting.value != "2") {
    return InvalidArg("unsupported TensorFlow version '{}', only 2 is supported", setting.value);
  }
  state.options.server.backend_config[setting.name].emplace_back(std::move(setting.setting), std::move(setting.value));
  return {};
}

Status CacheConfig(ParseState& state, const std::string& argument) {
  ASSIGN_OR_RETURN(NamedSetting setting,
                   ParseNamedSetting(argument, NameIs::kRequired, "cache-config", "<cache name>,<setting>=<value>"));
  state.cache_settings[setting.name].emplace_back(std::move(setting.setting), std::move(setting.value));
  return {};
}

// "<agent>" alone is an agent without settings.
Status RepoAgentConfig(ParseState& state, const std::string& argument) {
  NamedSetting setting{.name = argument, .setting = {}, .value = {}};
  if (argument.find_first_of(",=") != std::string::npos) {
    ASSIGN_OR_RETURN(setting, ParseNamedSetting(argument, NameIs::kRequired, "repoagent-config",
                                                "<agent name> or <agent name>,<setting>=<value>"));
  }
  if (setting.name.empty()) {
    return MalformedSetting("repoagent-config", "<agent name> or <agent name>,<setting>=<value>", argument);
  }
  auto& agents = state.options.server.required_agents;
  auto agent = std::ranges::find(agents, setting.name, &std::pair<std::string, Settings>::first);
  if (agent == agents.end()) agent = agents.insert(agents.end(), {setting.name, {}});
  if (!setting.setting.empty()) agent->second.emplace_back(std::move(setting.setting), std::move(setting.value));
  return {};
}

Status HostPolicy(ParseState& state, const std::string& argument) {
  ASSIGN_OR_RETURN(NamedSetting setting,
                   ParseNamedSetting(argument, NameIs::kRequired, "host-policy", "<policy name>,<setting>=<value>"));
  if (setting.setting != "numa-node" && setting.setting != "cpu-cores") {
    return InvalidArg("unknown host policy setting '{}', expected 'numa-node' or 'cpu-cores'", setting.setting);
  }
  state.options.server.host_policies[setting.name].emplace_back(std::move(setting.setting), std::move(setting.value));
  return {};
}

Status MemoryBudgetOption(ParseState& state, const std::string& argument) {
  ASSIGN_OR_RETURN([[maybe_unused]] const size_t bytes, ParseMemoryBudget(argument, AvailableMemory()));
  state.options.memory_budget = argument;
  return {};
}

Status RateLimit(ParseState& state, const std::string& argument) {
  const std::string mode = ToLowerAscii(argument);
  if (mode == "execution_count") {
    state.options.server.rate_limit = TRITONSERVER_RATE_LIMIT_EXEC_COUNT;
  } else if (mode == "off") {
    state.options.server.rate_limit = TRITONSERVER_RATE_LIMIT_OFF;
  } else {
    return InvalidArg("invalid argument for --rate-limit");
  }
  return {};
}

// "<name>:<count>" holds on every device, "<name>:<count>:<device>" on one.
Status RateLimitResource(ParseState& state, const std::string& argument) {
  const std::vector<std::string_view> parts = Split(argument, ':');
  if (parts.size() < 2 || parts.size() > 3 || parts[0].empty()) {
    return InvalidArg("expected the format <resource name>:<count>:<device> or <resource name>:<count>. Got {}",
                      argument);
  }
  ASSIGN_OR_RETURN(const int count, ParseValue<int>(std::string(parts[1]), argument));
  if (count < 0) return InvalidArg("Provided option value is out of bound. Got {}", argument);
  int device = -1;
  if (parts.size() == 3) {
    ASSIGN_OR_RETURN(device, ParseValue<int>(std::string(parts[2]), argument));
  }
  state.options.server.rate_limit_resources.push_back(
      {.name = std::string(parts[0]), .count = static_cast<size_t>(count), .device = device});
  return {};
}

Status PinnedPool(ParseState& state, const std::string& argument) {
  ASSIGN_OR_RETURN(const int64_t bytes, ParseValue<int64_t>(argument));
  state.options.server.pinned_memory_pool_bytes = static_cast<uint64_t>(std::max<int64_t>(0, bytes));
  return {};
}

template <auto kField>
Status BytesPerGpu(ParseState& state, const std::string& argument) {
  ASSIGN_OR_RETURN(const auto parts, ParsePair(argument, ":"));
  ASSIGN_OR_RETURN(const int gpu, ParseValue<int>(parts.first, argument));
  ASSIGN_OR_RETURN(const uint64_t bytes, ParseValue<uint64_t>(parts.second, argument));
  (state.options.server.*kField)[gpu] = bytes;
  return {};
}

Status ModelLoadGpuLimit(ParseState& state, const std::string& argument) {
  ASSIGN_OR_RETURN(const auto parts, ParsePair(argument, ":"));
  ASSIGN_OR_RETURN(const int gpu, ParseValue<int>(parts.first, argument));
  ASSIGN_OR_RETURN(const double fraction, ParseValue<double>(parts.second, argument));
  state.options.server.load_device_limits[{TRITONSERVER_INSTANCEGROUPKIND_GPU, gpu}] = fraction;
  return {};
}

constexpr OptionSpec kBackend[] = {
    {"backend-directory", "string", "Folder that holds the backends. Default is /opt/tritonserver/backends.",
     Set<&Options::server, &ServerOptions::backend_directory>},
    {"backend-config", "<string>,<string>=<string>",
     "A setting of one backend, <backend name>,<setting>=<value>, or of all, <setting>=<value>. May be given several "
     "times.",
     BackendConfig},
};

constexpr OptionSpec kRepositoryAgent[] = {
    {"repoagent-directory", "string",
     "Folder that holds the repository agents. Default is /opt/tritonserver/repoagents.",
     Set<&Options::server, &ServerOptions::repoagent_directory>},
    {"repoagent-config", "<string>,<string>=<string>",
     "Have every model pass this repository agent, before those that it names itself: <agent name>, or with a setting "
     "<agent name>,<setting>=<value>. May be given several times. Load requests then bring no configuration and no "
     "files.",
     RepoAgentConfig},
};

constexpr OptionSpec kResponseCache[] = {
    {"cache-config", "<string>,<string>=<string>",
     "Turn the response cache on, with a setting of it: <cache name>,<setting>=<value>. May be given several times, "
     "for one cache.",
     CacheConfig},
    {"cache-directory", "string", "Folder that holds the response caches. Default is /opt/tritonserver/caches.",
     Set<&Options::server, &ServerOptions::cache_directory>},
};

constexpr OptionSpec kRateLimiter[] = {
    {"rate-limit", "string",
     "How executions are spread over model instances: \"execution_count\" lets those with fewer executions and higher "
     "priority go first, as their resources allow; \"off\", the default, runs each as soon as it can.",
     RateLimit},
    {"rate-limit-resource", "<string>:<integer>:<integer>",
     "How much of a resource there is: <name>:<count>:<device>, or <name>:<count> for every device. May be given "
     "several times.",
     RateLimitResource},
};

constexpr OptionSpec kMemory[] = {
    {"pinned-memory-pool-byte-size", "integer", "Bytes of page-locked memory to keep. Default is 268435456 (256 MiB).",
     PinnedPool},
    {"cuda-memory-pool-byte-size", "<integer>:<integer>",
     "Bytes of device memory to keep on a GPU: <gpu>:<bytes>. May be given once for each GPU. Default is 67108864 "
     "(64 MiB).",
     BytesPerGpu<&ServerOptions::cuda_memory_pool_bytes>},
    {"cuda-virtual-address-size", "<integer>:<integer>",
     "Bytes of address space for each growing state on a GPU: <gpu>:<bytes>. May be given once for each GPU. Default "
     "is 1073741824 (1 GiB).",
     BytesPerGpu<&ServerOptions::cuda_virtual_address_bytes>},
    {"min-supported-compute-capability", "float", "GPUs with less than this compute capability are not used.",
     Set<&Options::server, &ServerOptions::min_compute_capability>},
    {"buffer-manager-thread-count", "integer", "Threads that copy tensors beside the models' own. Default is 0.",
     SetThreads<&Options::server, &ServerOptions::buffer_manager_threads>},
    {"memory-budget", "<integer> or <integer>%",
     "Bytes that requests and answers may take in this process together, or a share of the memory that it can have (of "
     "the machine, its control group or its address space, whichever is least). Beyond it new requests are refused; "
     "health and metrics still answer. Default is 50%.",
     MemoryBudgetOption},
    {"host-policy", "<string>,<string>=<string>",
     "Where instances under a policy run: <policy>,numa-node=<node> or <policy>,cpu-cores=<first>-<last>. May be given "
     "several times.",
     HostPolicy},
    {"model-load-gpu-limit", "<device_id>:<fraction>",
     "Refuse to load a model while more than this fraction of the GPU's memory is in use. May be given once for each "
     "GPU.",
     ModelLoadGpuLimit},
};

constexpr OptionSpec kSharedMemory[] = {
    {"allow-client-shm", "boolean",
     "Let clients name shared memory of this machine to be read and written. Default is false.",
     Set<&Options::allow_client_shm>},
    {"max-shared-memory-regions", "integer",
     "How many regions of shared memory clients may have registered at a time. Default is 16384.",
     Set<&Options::max_shared_memory_regions>},
};

}  // namespace

OptionGroup BackendGroup() { return {"Backend", kBackend}; }
OptionGroup RepositoryAgentGroup() { return {"Repository Agent", kRepositoryAgent}; }
OptionGroup ResponseCacheGroup() { return {"Response Cache", kResponseCache}; }
OptionGroup RateLimiterGroup() { return {"Rate Limiter", kRateLimiter}; }
OptionGroup MemoryGroup() { return {"Memory/Device Management", kMemory}; }
OptionGroup SharedMemoryGroup() { return {"Shared Memory", kSharedMemory}; }

}  // namespace neso
