// Every option by a table: its default, a good value in both forms, bad values.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "server/option_spec.h"
#include "server/options_testing.h"

namespace neso {
namespace {

using ::testing::ElementsAre;
using ::testing::StartsWith;

using Show = std::string (*)(const Options&);

struct OptionCase {
  const char* option;
  Show show;
  const char* by_default;
  const char* good;
  const char* shown;
  std::vector<const char*> bad;
};

std::string Text(bool value) { return value ? "true" : "false"; }
std::string Text(const std::string& value) { return value; }
template <typename T>
std::string Text(T value) {
  return fmt::format("{}", value);
}
std::string Text(const std::set<std::string>& values) { return Join(values, " "); }
std::string Text(const std::map<std::string, Settings>& named) {
  std::string text;
  for (const auto& [name, settings] : named) {
    for (const auto& [setting, value] : settings) text += fmt::format("[{}|{}|{}]", name, setting, value);
  }
  return text;
}
template <typename T>
std::string Text(const std::map<int, T>& values) {
  std::string text;
  for (const auto& [key, value] : values) text += fmt::format("[{}|{}]", key, value);
  return text;
}
std::string Text(const std::shared_ptr<const HeaderForwarder>& forwarder) {
  return forwarder ? forwarder->pattern() : std::string();
}
std::string Text(const net::ServiceLimits& limits) {
  return fmt::format("{} {} {} {}", limits.max_connections, limits.max_unread_bytes, limits.progress_timeout.count(),
                     limits.max_message_bytes);
}
std::string Text(const RestrictedApis& apis) {
  std::string text;
  for (const std::string_view name : kApiCategoryNames) {
    const RestrictedApi* const rule = apis.Find(*ApiCategoryFromName(name));
    if (rule != nullptr) text += fmt::format("[{}|{}|{}]", name, rule->header, rule->value);
  }
  return text;
}

#define SHOW(field) [](const Options& o) { return Text(o.field); }
#define SHOW_NUMBER(field) [](const Options& o) { return Text(static_cast<int>(o.field)); }

const std::vector<const char*> kNoBool = {"maybe", "", "2", "truefalse"};
const std::vector<const char*> kNoInt = {"", "x", "99999999999999999999", "4294967296"};
const std::vector<const char*> kNoThreads = {"", "x", "99999999999999999999", "4294967296", "1025", "20000"};
const std::vector<const char*> kNoPort = {"", "x", "-1", "65536"};

const std::vector<OptionCase>& Cases() {
  static const std::vector<OptionCase> cases = {
      {"id", SHOW(server.server_id), "triton", "me", "me", {}},
      {"exit-timeout-secs", SHOW(server.exit_timeout_seconds), "30", "-5", "0", kNoInt},
      {"exit-grace-ms", SHOW(process.exit_grace.count()), "0", "2500", "2500", kNoInt},
      {"crash-directory", SHOW(process.crash_report_folder), "", "/tmp", "/tmp", {"/no/such/folder", "/etc/passwd"}},
      {"log-verbose", SHOW(log.verbose_level), "0", "3", "3", kNoInt},
      {"log-info", SHOW(log.info), "true", "OFF", "false", kNoBool},
      {"log-warning", SHOW(log.warning), "true", "0", "false", kNoBool},
      {"log-error", SHOW(log.error), "true", "False", "false", kNoBool},
      {"log-format", SHOW_NUMBER(log.format), "0", "ISO8601", "1", {"iso8601", "DEFAULT", ""}},
      {"log-file", SHOW(log.file), "", "/tmp/log", "/tmp/log", {}},
      {"model-store", SHOW(server.model_repositories), "", "/m", "/m", {}},
      {"model-repository", SHOW(server.model_repositories), "", "/m", "/m", {}},
      {"exit-on-error", SHOW(server.exit_on_error), "true", "false", "false", kNoBool},
      {"disable-auto-complete-config", SHOW(server.strict_model_config), "false", nullptr, "true", {}},
      {"strict-readiness", SHOW(server.strict_readiness), "true", "false", "false", kNoBool},
      {"model-control-mode", SHOW_NUMBER(server.control_mode), "0", "EXPLICIT", "2", {"", "always"}},
      {"repository-poll-secs", SHOW(repository_poll_interval.count()), "0", "7", "0", kNoInt},
      {"model-config-name", SHOW(server.model_config_name), "", "h100", "h100", {""}},
      {"model-load-thread-count", SHOW(server.model_load_threads), "4", "0", "1", kNoThreads},
      {"model-load-retry-count", SHOW(server.model_load_retries), "0", "2", "2", kNoInt},
      {"model-namespacing", SHOW(server.model_namespacing), "false", "on", "true", kNoBool},
      {"object-cache-directory", SHOW(server.object_cache_directory), "", "/cache", "/cache", {}},
      {"object-store-connections", SHOW(server.object_store_connections), "16", "0", "1", kNoThreads},
      {"object-store-timeout-secs", SHOW(server.object_store_timeout_seconds), "30", "5", "5", kNoInt},
      {"enable-peer-access", SHOW(server.peer_access), "true", "off", "false", kNoBool},
      {"allow-http", SHOW(http.allow), "true", "false", "false", kNoBool},
      {"http-address", SHOW(http.address), "0.0.0.0", "unix:/tmp/s", "unix:/tmp/s", {}},
      {"http-port", SHOW(http.port), "8000", "9000", "9000", kNoPort},
      {"reuse-http-port", SHOW(http.reuse_port), "false", "1", "true", kNoBool},
      {"http-header-forward-pattern", SHOW(http.header_forwarder), "", "x-.*", "x-.*", {"x(", "["}},
      {"http-thread-count", SHOW(http.thread_count), "8", "2", "2", kNoThreads},
      {"http-max-input-size", SHOW(http.max_input_bytes), "67108864", "1024", "1024", {"0", "-1", "x"}},
      {"http-use-ssl", SHOW(http.tls.use), "false", "true", "true", kNoBool},
      {"http-use-ssl-mutual", SHOW(http.tls.mutual), "false", "true", "true", kNoBool},
      {"http-server-cert", SHOW(http.tls.server_cert), "", "c.pem", "c.pem", {}},
      {"http-server-key", SHOW(http.tls.server_key), "", "k.pem", "k.pem", {}},
      {"http-root-cert", SHOW(http.tls.root_cert), "", "r.pem", "r.pem", {}},
      {"http-cors-allow-origin",
       SHOW(http.cors.ToString()),
       "",
       "https://a.example,http://b:1",
       "http://b:1,https://a.example",
       {"", "a.example", "https://a.example/"}},
      {"http-restricted-api",
       SHOW(http.restricted_apis),
       "",
       "health,trace:key=v=1",
       "[health|key|v=1][trace|key|v=1]",
       {"", "health", "health:key", "health:key=", "health:=v", ":key=v", "Health:key=v", "health,:key=v",
        "health,health:key=v"}},
      {"http-limit",
       SHOW(http.limits),
       "100000 8388608 300000 2147483647",
       "unread-bytes=5",
       "100000 5 300000 2147483647",
       {"", "connections", "connections=", "connections=x", "connections=0", "=1", "Connections=1", "message-bytes=5",
        "progress-timeout-ms=0", "progress-timeout-ms=31536000001"}},
      {"allow-grpc", SHOW(grpc.allow), "true", "false", "false", kNoBool},
      {"grpc-address", SHOW(grpc.address), "0.0.0.0", "::1", "::1", {}},
      {"grpc-port", SHOW(grpc.port), "8001", "0", "0", kNoPort},
      {"reuse-grpc-port", SHOW(grpc.reuse_port), "false", "1", "true", kNoBool},
      {"grpc-header-forward-pattern", SHOW(grpc.header_forwarder), "", "x", "x", {"x(", "["}},
      {"grpc-infer-thread-count", SHOW(grpc.infer_thread_count), "2", "128", "128", {"1", "129", "x"}},
      {"grpc-infer-allocation-pool-size", SHOW(grpc.infer_allocation_pool_size), "8", "16", "16", kNoInt},
      {"grpc-max-response-pool-size", SHOW(grpc.max_response_pool_size), "2147483647", "5", "5", {"0", "-1", "x"}},
      {"grpc-use-ssl", SHOW(grpc.tls.use), "false", "true", "true", kNoBool},
      {"grpc-use-ssl-mutual", SHOW(grpc.tls.mutual), "false", "true", "true", kNoBool},
      {"grpc-server-cert", SHOW(grpc.tls.server_cert), "", "c.pem", "c.pem", {}},
      {"grpc-server-key", SHOW(grpc.tls.server_key), "", "k.pem", "k.pem", {}},
      {"grpc-root-cert", SHOW(grpc.tls.root_cert), "", "r.pem", "r.pem", {}},
      {"grpc-infer-response-compression-level", SHOW_NUMBER(grpc.compression_level), "0", "Medium", "2", {"", "max"}},
      {"grpc-keepalive-time", SHOW(grpc.keepalive_time_ms), "7200000", "1", "1", kNoInt},
      {"grpc-keepalive-timeout", SHOW(grpc.keepalive_timeout_ms), "20000", "1", "1", kNoInt},
      {"grpc-keepalive-permit-without-calls", SHOW(grpc.keepalive_permit_without_calls), "false", "1", "true", kNoBool},
      {"grpc-http2-max-pings-without-data", SHOW(grpc.http2_max_pings_without_data), "2", "0", "0", kNoInt},
      {"grpc-http2-min-recv-ping-interval-without-data", SHOW(grpc.http2_min_recv_ping_interval_without_data_ms),
       "300000", "1", "1", kNoInt},
      {"grpc-http2-max-ping-strikes", SHOW(grpc.http2_max_ping_strikes), "2", "0", "0", kNoInt},
      {"grpc-max-connection-age", SHOW(grpc.max_connection_age_ms), "0", "1", "1", kNoInt},
      {"grpc-max-connection-age-grace", SHOW(grpc.max_connection_age_grace_ms), "0", "1", "1", kNoInt},
      {"grpc-restricted-protocol",
       SHOW(grpc.restricted_protocols),
       "",
       "inference:key=v",
       "[inference|triton-grpc-protocol-key|v]",
       {"inference", "infer:key=v"}},
      {"grpc-limit",
       SHOW(grpc.limits),
       "100000 134217728 300000 2147483647",
       "message-bytes=5",
       "100000 134217728 300000 5",
       {"message-bytes=2147483648", "streams=-1"}},
      {"allow-sagemaker", SHOW(sagemaker.allow), "false", "true", "true", kNoBool},
      {"sagemaker-port", SHOW(sagemaker.port), "8080", "81", "81", kNoPort},
      {"sagemaker-safe-port-range",
       [](const Options& o) { return Text(o.sagemaker.safe_port_range.has_value()); },
       "false",
       "8000-8100",
       "true",
       {"", "8000", "a-b", "8000-"}},
      {"sagemaker-thread-count", SHOW(sagemaker.thread_count), "8", "4", "4", kNoThreads},
      {"allow-vertex-ai", SHOW(vertex.allow), "false", "true", "true", kNoBool},
      {"vertex-ai-port", SHOW(vertex.port), "8080", "81", "81", kNoPort},
      {"vertex-ai-thread-count", SHOW(vertex.thread_count), "8", "4", "4", kNoThreads},
      {"vertex-ai-default-model", SHOW(vertex.default_model), "", "m", "m", {}},
      {"allow-metrics", SHOW(server.metrics), "true", "false", "false", kNoBool},
      {"allow-gpu-metrics", SHOW(server.gpu_metrics), "true", "false", "false", kNoBool},
      {"allow-cpu-metrics", SHOW(server.cpu_metrics), "true", "false", "false", kNoBool},
      {"metrics-address", SHOW(metrics.address), "0.0.0.0", "127.0.0.1", "127.0.0.1", {}},
      {"metrics-port", SHOW(metrics.port), "8002", "9002", "9002", kNoPort},
      {"metrics-use-ssl", SHOW(metrics.tls.use), "false", "true", "true", kNoBool},
      {"metrics-use-ssl-mutual", SHOW(metrics.tls.mutual), "false", "true", "true", kNoBool},
      {"metrics-server-cert", SHOW(metrics.tls.server_cert), "", "c.pem", "c.pem", {}},
      {"metrics-server-key", SHOW(metrics.tls.server_key), "", "k.pem", "k.pem", {}},
      {"metrics-root-cert", SHOW(metrics.tls.root_cert), "", "r.pem", "r.pem", {}},
      {"metrics-interval-ms", SHOW(server.metrics_interval_ms), "2000", "12.5", "12", {"", "x"}},
      {"metrics-config",
       SHOW(server.metrics_config),
       "",
       "summary_quantiles=0.5:0.1,0.9:0.1",
       "[|summary_quantiles|0.5:0.1,0.9:0.1]",
       {"", "x", "=v", "a=", "name,a=v"}},
      {"access-keys", SHOW(access.keys_file), "", "/k.json", "/k.json", {}},
      {"access-open",
       SHOW(access.open.ToString()),
       "health",
       "metrics,index",
       "index,metrics",
       {"", "everything", "health,", "health,none"}},
      {"hardened", SHOW(access.hardened), "false", nullptr, "true", {}},
      {"local-apis", SHOW(access.local_apis.ToString()), "", "trace", "trace", {"", "everything", "trace,"}},
      {"allowed-hosts",
       [](const Options& o) { return o.access.allowed_hosts ? Join(*o.access.allowed_hosts, " ") : "any"; },
       "any",
       "a.example,*.internal",
       "a.example *.internal",
       {"", "a:80", "https://a", "a,"}},
      {"check-origin", SHOW(access.check_origin), "false", "true", "true", kNoBool},
      {"refuse-early", SHOW(access.refuse_early), "false", "true", "true", kNoBool},
      {"allow-load-files", SHOW(access.allow_load_files), "true", "false", "false", kNoBool},
      {"max-requests", SHOW(access.max_requests), "18446744073709551615", "7", "7", {"", "x", "-1"}},
      {"audit-log", SHOW(access.audit.file), "", "/a.jsonl", "/a.jsonl", {}},
      {"audit-inference", SHOW(access.audit.inference), "false", "true", "true", kNoBool},
      {"audit-log-max-bytes", SHOW(access.audit.max_bytes), "0", "5000000000", "5000000000", {"", "x"}},
      {"trace-config",
       SHOW(trace.level),
       "0",
       "level=TIMESTAMPS",
       "4",
       {"", "level", "level=", "=x", ",level=off", "level=high", "rate=x", "mode=jaeger", "speed=1", "triton,level=off",
        "triton,log-frequency=x", "jaeger,file=x", "opentelemetry,bsp_schedule_delay=x"}},
      {"tensorboard-logdir", SHOW(tensorboard.folder), "", "/logs", "/logs", {}},
      {"tensorboard-interval-secs", SHOW(tensorboard.interval.count()), "30", "5", "5", {"", "x", "0", "86401"}},
      {"backend-directory", SHOW(server.backend_directory), "/opt/tritonserver/backends", "/b", "/b", {}},
      {"backend-config",
       SHOW(server.backend_config),
       "",
       "python,shm-default-byte-size=1",
       "[python|shm-default-byte-size|1]",
       {"", "x", ",a=b", "a=b,c", "python,a", "python,=b", "python,a=", "tensorflow,version=1"}},
      {"repoagent-directory", SHOW(server.repoagent_directory), "/opt/tritonserver/repoagents", "/r", "/r", {}},
      {"repoagent-config",
       SHOW(server.required_agents.size()),
       "0",
       "signature,keys=/k",
       "1",
       {"", ",keys=/k", "keys=/k", "signature,keys", "signature,=/k"}},
      {"cache-config",
       SHOW(server.cache_config.size()),
       "0",
       "local,size=1024",
       "1",
       {"", "size=1024", ",size=1", "local,size", "local,size=", "local,=1"}},
      {"cache-directory", SHOW(server.cache_directory), "/opt/tritonserver/caches", "/c", "/c", {}},
      {"rate-limit", SHOW_NUMBER(server.rate_limit), "0", "Execution_Count", "1", {"", "on"}},
      {"rate-limit-resource",
       SHOW(server.rate_limit_resources.size()),
       "0",
       "R:4",
       "1",
       {"", "R", ":4", "R:x", "R:-1", "R:4:x", "R:4:0:1"}},
      {"pinned-memory-pool-byte-size",
       SHOW(server.pinned_memory_pool_bytes),
       "268435456",
       "9999999999",
       "9999999999",
       {"", "x", "99999999999999999999"}},
      {"cuda-memory-pool-byte-size",
       SHOW(server.cuda_memory_pool_bytes),
       "",
       "1:1024",
       "[1|1024]",
       {"", "1", "x:1", "1:x"}},
      {"cuda-virtual-address-size",
       SHOW(server.cuda_virtual_address_bytes),
       "",
       "0:4",
       "[0|4]",
       {"", "1", "x:1", "1:x"}},
      {"min-supported-compute-capability", SHOW(server.min_compute_capability), "7.5", "6.1", "6.1", {"", "x"}},
      {"buffer-manager-thread-count", SHOW(server.buffer_manager_threads), "0", "-2", "0", kNoThreads},
      {"memory-budget", SHOW(memory_budget), "50%", "1000000", "1000000", {"", "0", "x", "101%", "-1", "999999"}},
      {"host-policy",
       SHOW(server.host_policies),
       "",
       "p,cpu-cores=0-3,6",
       "[p|cpu-cores|0-3,6]",
       {"", "p", "numa-node=0", "p,gpu=0", "p,numa-node="}},
      {"model-load-gpu-limit", SHOW(server.load_device_limits.size()), "0", "0:0.5", "1", {"", "0", "x:0.5", "0:x"}},
      {"allow-client-shm", SHOW(allow_client_shm), "false", "true", "true", kNoBool},
      {"max-shared-memory-regions", SHOW(max_shared_memory_regions), "16384", "10", "10", kNoInt},
      {"strict-model-config", SHOW(server.strict_model_config), "false", "true", "true", kNoBool},
      {"response-cache-byte-size", SHOW(server.cache_config.size()), "0", "1024", "1", {"", "x"}},
      {"trace-file", SHOW(trace.file), "", "t.json", "t.json", {}},
      {"trace-level", SHOW(trace.level), "0", "TENSORS", "8", {"", "all"}},
      {"trace-rate", SHOW(trace.rate), "1000", "1", "1", kNoInt},
      {"trace-count", SHOW(trace.count), "-1", "5", "5", kNoInt},
      {"trace-log-frequency", SHOW(trace.log_frequency), "0", "5", "5", kNoInt},
  };
  return cases;
}

TEST(OptionTableTest, EveryOptionHasItsDefault) {
  const Options options = Accept({});
  for (const OptionCase& option : Cases()) EXPECT_EQ(option.show(options), option.by_default) << option.option;
}

TEST(OptionTableTest, EveryOptionTakesAGoodValueInBothForms) {
  for (const OptionCase& option : Cases()) {
    const std::string name = std::string("--") + option.option;
    if (option.good == nullptr) {
      EXPECT_EQ(option.show(Accept({name})), option.shown) << name;
      continue;
    }
    EXPECT_EQ(option.show(Accept({name + "=" + option.good})), option.shown) << name;
    const Options options = Accept({name, option.good});
    EXPECT_EQ(option.show(options), option.shown) << name;
    EXPECT_THAT(options.given, ElementsAre(option.option));
  }
}

TEST(OptionTableTest, EveryOptionRefusesBadValuesByName) {
  for (const OptionCase& option : Cases()) {
    for (const char* bad : option.bad) {
      EXPECT_THAT(Refusal({fmt::format("--{}={}", option.option, bad)}),
                  StartsWith(fmt::format("\nBad option: \"--{}\".\n", option.option)))
          << bad;
    }
  }
}

TEST(OptionTableTest, TheTableAboveMissesNoOption) {
  std::set<std::string> tested = {"help",
                                  "version",
                                  "load-model",  // have tests of their own, as those of on-demand mode
                                  "model-memory-budget",
                                  "model-gpu-memory-budget",
                                  "model-load-wait-ms",
                                  "model-idle-timeout-s"};
  for (const OptionCase& option : Cases()) tested.insert(option.option);
  for (const OptionGroup& group : OptionGroups()) {
    for (const OptionSpec& spec : group.options) EXPECT_TRUE(tested.contains(spec.name)) << spec.name;
  }
}

}  // namespace
}  // namespace neso
