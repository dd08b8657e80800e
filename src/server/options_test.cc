#include "server/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "server/option_help.h"
#include "server/option_spec.h"

namespace neso {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::StartsWith;

using Variables = std::map<std::string, std::string>;

ParseResult Parse(std::vector<std::string> arguments, const Variables& variables = {}) {
  arguments.insert(arguments.begin(), "tritonserver");
  return ParseOptions(std::move(arguments), [&](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
}

Options Accept(std::vector<std::string> arguments, const Variables& variables = {}) {
  ParseResult result = Parse(std::move(arguments), variables);
  EXPECT_TRUE(result.options.has_value()) << result.failure_text.substr(result.failure_text.rfind("\n\n") + 1);
  return result.options.value_or(Options());
}

// What stands behind the usage text.
std::string Refusal(std::vector<std::string> arguments, const Variables& variables = {}) {
  const ParseResult result = Parse(std::move(arguments), variables);
  if (result.options) return "accepted";
  const std::string usage = UsageText();
  EXPECT_THAT(result.failure_text, StartsWith(usage));
  return result.failure_text.substr(usage.size());
}

std::string Bad(const std::string& option, const std::string& reason) {
  return "\nBad option: \"--" + option + "\".\n" + reason + "\n";
}

// ---- Every option: its default, a good value, bad values ----

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
std::string Text(const RestrictedApis& apis) {
  std::string text;
  for (const auto& [name, rule] : apis) text += fmt::format("[{}|{}|{}]", name, rule.header, rule.value);
  return text;
}

#define SHOW(field) [](const Options& o) { return Text(o.field); }
#define SHOW_NUMBER(field) [](const Options& o) { return Text(static_cast<int>(o.field)); }

const std::vector<const char*> kNoBool = {"maybe", "", "2", "truefalse"};
const std::vector<const char*> kNoInt = {"", "x", "99999999999999999999", "4294967296"};
const std::vector<const char*> kNoPort = {"", "x", "-1", "65536"};

const std::vector<OptionCase>& Cases() {
  static const std::vector<OptionCase> cases = {
      {"id", SHOW(server.server_id), "triton", "me", "me", {}},
      {"exit-timeout-secs", SHOW(server.exit_timeout_seconds), "30", "-5", "0", kNoInt},
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
      {"repository-poll-secs", SHOW(repository_poll_seconds), "0", "7", "0", kNoInt},
      {"model-config-name", SHOW(server.model_config_name), "", "h100", "h100", {""}},
      {"model-load-thread-count", SHOW(server.model_load_threads), "4", "0", "1", kNoInt},
      {"model-load-retry-count", SHOW(server.model_load_retries), "0", "2", "2", kNoInt},
      {"model-namespacing", SHOW(server.model_namespacing), "false", "on", "true", kNoBool},
      {"enable-peer-access", SHOW(server.peer_access), "true", "off", "false", kNoBool},
      {"allow-http", SHOW(http.allow), "true", "false", "false", kNoBool},
      {"http-address", SHOW(http.address), "0.0.0.0", "unix:/tmp/s", "unix:/tmp/s", {}},
      {"http-port", SHOW(http.port), "8000", "9000", "9000", kNoPort},
      {"reuse-http-port", SHOW(http.reuse_port), "false", "1", "true", kNoBool},
      {"http-header-forward-pattern", SHOW(http.header_forward_pattern), "", "x-.*", "x-.*", {}},
      {"http-thread-count", SHOW(http.thread_count), "8", "2", "2", kNoInt},
      {"http-max-input-size", SHOW(http.max_input_bytes), "67108864", "1024", "1024", {"0", "-1", "x"}},
      {"http-restricted-api",
       SHOW(http.restricted_apis),
       "",
       "health,trace:key=v=1",
       "[health|key|v=1][trace|key|v=1]",
       {"", "health", "health:key", "health:key=", "health:=v", ":key=v", "Health:key=v", "health,:key=v",
        "health,health:key=v"}},
      {"allow-grpc", SHOW(grpc.allow), "true", "false", "false", kNoBool},
      {"grpc-address", SHOW(grpc.address), "0.0.0.0", "::1", "::1", {}},
      {"grpc-port", SHOW(grpc.port), "8001", "0", "0", kNoPort},
      {"reuse-grpc-port", SHOW(grpc.reuse_port), "false", "1", "true", kNoBool},
      {"grpc-header-forward-pattern", SHOW(grpc.header_forward_pattern), "", "x", "x", {}},
      {"grpc-infer-thread-count", SHOW(grpc.infer_thread_count), "2", "128", "128", {"1", "129", "x"}},
      {"grpc-infer-allocation-pool-size", SHOW(grpc.infer_allocation_pool_size), "8", "16", "16", kNoInt},
      {"grpc-max-response-pool-size", SHOW(grpc.max_response_pool_size), "2147483647", "5", "5", {"0", "-1", "x"}},
      {"grpc-use-ssl", SHOW(grpc.use_ssl), "false", "true", "true", kNoBool},
      {"grpc-use-ssl-mutual", SHOW(grpc.use_mutual_ssl), "false", "true", "true", kNoBool},
      {"grpc-server-cert", SHOW(grpc.server_cert), "", "c.pem", "c.pem", {}},
      {"grpc-server-key", SHOW(grpc.server_key), "", "k.pem", "k.pem", {}},
      {"grpc-root-cert", SHOW(grpc.root_cert), "", "r.pem", "r.pem", {}},
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
      {"allow-sagemaker", SHOW(sagemaker.allow), "false", "true", "true", kNoBool},
      {"sagemaker-port", SHOW(sagemaker.port), "8080", "81", "81", kNoPort},
      {"sagemaker-safe-port-range",
       [](const Options& o) { return Text(o.sagemaker.safe_port_range.has_value()); },
       "false",
       "8000-8100",
       "true",
       {"", "8000", "a-b", "8000-"}},
      {"sagemaker-thread-count", SHOW(sagemaker.thread_count), "8", "4", "4", kNoInt},
      {"allow-vertex-ai", SHOW(vertex.allow), "false", "true", "true", kNoBool},
      {"vertex-ai-port", SHOW(vertex.port), "8080", "81", "81", kNoPort},
      {"vertex-ai-thread-count", SHOW(vertex.thread_count), "8", "4", "4", kNoInt},
      {"vertex-ai-default-model", SHOW(vertex.default_model), "", "m", "m", {}},
      {"allow-metrics", SHOW(server.metrics), "true", "false", "false", kNoBool},
      {"allow-gpu-metrics", SHOW(server.gpu_metrics), "true", "false", "false", kNoBool},
      {"allow-cpu-metrics", SHOW(server.cpu_metrics), "true", "false", "false", kNoBool},
      {"metrics-address", SHOW(metrics.address), "0.0.0.0", "127.0.0.1", "127.0.0.1", {}},
      {"metrics-port", SHOW(metrics.port), "8002", "9002", "9002", kNoPort},
      {"metrics-interval-ms", SHOW(server.metrics_interval_ms), "2000", "12.5", "12", {"", "x"}},
      {"metrics-config",
       SHOW(server.metrics_config),
       "",
       "summary_quantiles=0.5:0.1,0.9:0.1",
       "[|summary_quantiles|0.5:0.1,0.9:0.1]",
       {"", "x", "=v", "a=", "name,a=v"}},
      {"trace-config",
       SHOW(trace.level),
       "0",
       "level=TIMESTAMPS",
       "4",
       {"", "level", "level=", "=x", ",level=off", "level=high", "rate=x", "mode=jaeger", "speed=1", "triton,level=off",
        "triton,log-frequency=x", "jaeger,file=x", "opentelemetry,bsp_schedule_delay=x"}},
      {"backend-directory", SHOW(server.backend_directory), "/opt/tritonserver/backends", "/b", "/b", {}},
      {"backend-config",
       SHOW(server.backend_config),
       "",
       "python,shm-default-byte-size=1",
       "[python|shm-default-byte-size|1]",
       {"", "x", ",a=b", "a=b,c", "python,a", "python,=b", "python,a=", "tensorflow,version=1"}},
      {"repoagent-directory", SHOW(server.repoagent_directory), "/opt/tritonserver/repoagents", "/r", "/r", {}},
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
      {"buffer-manager-thread-count", SHOW(server.buffer_manager_threads), "0", "-2", "0", kNoInt},
      {"host-policy",
       SHOW(server.host_policies),
       "",
       "p,cpu-cores=0-3,6",
       "[p|cpu-cores|0-3,6]",
       {"", "p", "numa-node=0", "p,gpu=0", "p,numa-node="}},
      {"model-load-gpu-limit", SHOW(server.load_device_limits.size()), "0", "0:0.5", "1", {"", "0", "x:0.5", "0:x"}},
      {"allow-client-shm", SHOW(allow_client_shm), "false", "true", "true", kNoBool},
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

TEST(OptionsTest, EveryOptionHasItsDefault) {
  const Options options = Accept({});
  for (const OptionCase& option : Cases()) EXPECT_EQ(option.show(options), option.by_default) << option.option;
}

TEST(OptionsTest, EveryOptionTakesAGoodValueInBothForms) {
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

TEST(OptionsTest, EveryOptionRefusesBadValuesByName) {
  for (const OptionCase& option : Cases()) {
    for (const char* bad : option.bad) {
      EXPECT_THAT(Refusal({fmt::format("--{}={}", option.option, bad)}),
                  StartsWith(fmt::format("\nBad option: \"--{}\".\n", option.option)))
          << bad;
    }
  }
}

TEST(OptionsTest, TheTableAboveMissesNoOption) {
  std::set<std::string> tested = {"help", "load-model"};  // have tests of their own
  for (const OptionCase& option : Cases()) tested.insert(option.option);
  for (const OptionGroup& group : OptionGroups()) {
    for (const OptionSpec& spec : group.options) EXPECT_TRUE(tested.contains(spec.name)) << spec.name;
  }
}

// ---- How the command line is read ----

TEST(OptionsTest, UnambiguousBeginningsOfNamesAreAccepted) {
  EXPECT_EQ(Accept({"--http-po=9000"}).http.port, 9000);
  EXPECT_EQ(Accept({"--model-rep", "/m"}).server.model_repositories.size(), 1U);
}

TEST(OptionsTest, WhatGetoptRefusesShowsUsageAndNoReason) {
  for (const char* argument : {"--help", "--no-such-option", "--http=1", "--allow-http", "-x"}) {
    ::testing::internal::CaptureStderr();
    EXPECT_EQ(Refusal({argument}), "\n\n") << argument;
    ::testing::internal::GetCapturedStderr();
  }
}

TEST(OptionsTest, PositionalArgumentsAreRefused) {
  EXPECT_EQ(Refusal({"extra", "--http-port=9000"}), "\nUnexpected argument: extra\n");
}

TEST(OptionsTest, ReasonsAreThoseThatScriptsKnow) {
  EXPECT_EQ(Refusal({"--http-port=abc"}), Bad("http-port", "Invalid option value. Got abc"));
  EXPECT_EQ(Refusal({"--trace-rate=99999999999"}),
            Bad("trace-rate", "Provided option value is out of bound. Got 99999999999"));
  EXPECT_EQ(Refusal({"--cuda-memory-pool-byte-size=0:x"}),
            Bad("cuda-memory-pool-byte-size", "Invalid option value. Got 0:x"));
  EXPECT_EQ(Refusal({"--allow-http=yes"}), Bad("allow-http", "invalid value for bool option: yes"));
  EXPECT_EQ(Refusal({"--log-format=x"}), Bad("log-format", "invalid argument for --log-format"));
  EXPECT_EQ(Refusal({"--model-control-mode=x"}),
            Bad("model-control-mode", "invalid argument for --model-control-mode"));
  EXPECT_EQ(Refusal({"--http-max-input-size=0"}),
            Bad("http-max-input-size", "Error: --http-max-input-size must be greater than 0."));
  EXPECT_EQ(
      Refusal({"--grpc-infer-thread-count=1"}),
      Bad("grpc-infer-thread-count", "invalid argument for --grpc_infer_thread_count. Must be in the range 2 to 128."));
  EXPECT_EQ(Refusal({"--trace-config=level=HIGH"}), Bad("trace-config", "invalid value for trace level option: high"));
  EXPECT_EQ(Refusal({"--http-restricted-api=nope:k=v"}), Bad("http-restricted-api", "unknown restricted api 'nope'"));
  EXPECT_EQ(Refusal({"--grpc-restricted-protocol=nope:k=v"}),
            Bad("grpc-restricted-protocol", "unknown restricted protocol 'nope'"));
  EXPECT_EQ(Refusal({"--http-restricted-api=health:k=v", "--http-restricted-api=trace,health:k=w"}),
            Bad("http-restricted-api", "restricted api 'health' can not be specified in multiple config groups"));
}

TEST(OptionsTest, NumbersAreReadAsTheCLibraryReadsThem) {
  EXPECT_EQ(Accept({"--trace-rate= 12abc"}).trace.rate, 12);
  EXPECT_EQ(Accept({"--log-verbose=true"}).log.verbose_level, 1);
  EXPECT_EQ(Accept({"--log-verbose=FALSE"}).log.verbose_level, 0);
  EXPECT_EQ(Accept({"--log-verbose=-2"}).log.verbose_level, 0);
}

// ---- Options that depend on others ----

TEST(OptionsTest, LoadModelNeedsExplicitMode) {
  EXPECT_EQ(Refusal({"--load-model=m"}),
            "\nError: Use of '--load-model' requires setting '--model-control-mode=explicit' as well.\n");
  EXPECT_THAT(Accept({"--load-model=b", "--load-model=a", "--model-control-mode=explicit"}).server.startup_models,
              ElementsAre("a", "b"));
}

TEST(OptionsTest, PollPeriodCountsOnlyInPollMode) {
  EXPECT_EQ(Accept({"--repository-poll-secs=5"}).repository_poll_seconds, 0);
  EXPECT_EQ(Accept({"--repository-poll-secs=5", "--model-control-mode=poll"}).repository_poll_seconds, 5);
  EXPECT_EQ(Accept({"--model-control-mode=poll"}).repository_poll_seconds, 15);
}

TEST(OptionsTest, RepositoriesAreASortedSet) {
  EXPECT_THAT(Accept({"--model-repository=/b", "--model-store=/a", "--model-repository=/b"}).server.model_repositories,
              ElementsAre("/a", "/b"));
}

TEST(OptionsTest, MetricsListenWhereHttpDoes) {
  EXPECT_EQ(Accept({"--http-address=127.0.0.1"}).metrics.address, "127.0.0.1");
  EXPECT_EQ(Accept({"--http-address=unix:/tmp/s"}).metrics.address, "0.0.0.0");
  EXPECT_EQ(Accept({"--http-address=127.0.0.1", "--metrics-address=::1"}).metrics.address, "::1");
}

TEST(OptionsTest, WithoutMetricsNothingIsMeasured) {
  const Options options = Accept({"--allow-metrics=false"});
  EXPECT_FALSE(options.server.gpu_metrics);
  EXPECT_FALSE(options.server.cpu_metrics);
}

TEST(OptionsTest, ServicesDoNotShareAnAddress) {
  EXPECT_EQ(
      Refusal({"--http-port=8001"}),
      "\nThe server cannot listen to HTTP requests and GRPC requests at the same address and port 0.0.0.0:8001\n");
  EXPECT_EQ(Refusal({"--metrics-port=8000"}),
            "\nThe server cannot listen to HTTP requests and metrics requests at the same address and port "
            "0.0.0.0:8000\n");
  EXPECT_EQ(Refusal({"--allow-sagemaker=1", "--allow-vertex-ai=1"}),
            "\nThe server cannot listen to SageMaker requests and Vertex AI requests at the same address and port "
            "0.0.0.0:8080\n");
  Accept({"--http-port=8001", "--allow-grpc=false"});
  Accept({"--http-port=8001", "--http-address=127.0.0.1"});
  Accept({"--http-port=0", "--grpc-port=0", "--metrics-port=0"});
}

TEST(OptionsTest, SagemakersPortRangeBindsTheOthers) {
  EXPECT_EQ(Refusal({"--allow-sagemaker=1", "--sagemaker-safe-port-range=8000-8001"}),
            "\nThe server cannot listen to metrics requests at port 8002, allowed port range is [8000, 8001]\n");
  Accept({"--allow-sagemaker=1", "--sagemaker-safe-port-range=8000-8002"});
  Accept({"--sagemaker-safe-port-range=1-2"});
}

TEST(OptionsTest, VertexTakesItsDefaultsFromTheEnvironment) {
  const Variables prediction = {
      {"AIP_MODE", "PREDICTION"}, {"AIP_HTTP_PORT", "8888"}, {"AIP_STORAGE_URI", "gs://bucket/models"}};
  const Options options = Accept({}, prediction);
  EXPECT_TRUE(options.vertex.allow);
  EXPECT_FALSE(options.http.allow);
  EXPECT_FALSE(options.grpc.allow);
  EXPECT_EQ(options.vertex.port, 8888);
  EXPECT_THAT(options.server.model_repositories, ElementsAre("gs://bucket/models"));
  EXPECT_TRUE(Accept({"--allow-http=1"}, prediction).http.allow);
  EXPECT_THAT(Accept({"--model-repository=/m"}, prediction).server.model_repositories, ElementsAre("/m"));
  EXPECT_THAT(Accept({}, {{"AIP_STORAGE_URI", ""}}).server.model_repositories, IsEmpty());
}

TEST(OptionsTest, SettingsKeepTheirOrderAndMayRepeat) {
  const Options options = Accept({"--backend-config=default-max-batch-size=8", "--backend-config=onnxruntime,b=1",
                                  "--backend-config=onnxruntime,a=x=y,z"});
  EXPECT_THAT(options.server.backend_config.at(""), ElementsAre(Pair("default-max-batch-size", "8")));
  EXPECT_THAT(options.server.backend_config.at("onnxruntime"), ElementsAre(Pair("b", "1"), Pair("a", "x=y,z")));
}

TEST(OptionsTest, RateLimitResourcesMayNameADevice) {
  const Options options = Accept({"--rate-limit-resource=R:4", "--rate-limit-resource=S:2:1"});
  ASSERT_THAT(options.server.rate_limit_resources, SizeIs(2));
  EXPECT_EQ(options.server.rate_limit_resources[0].device, -1);
  EXPECT_EQ(options.server.rate_limit_resources[1].name, "S");
  EXPECT_EQ(options.server.rate_limit_resources[1].count, 2U);
  EXPECT_EQ(options.server.rate_limit_resources[1].device, 1);
}

TEST(OptionsTest, CacheSettingsBecomeJson) {
  EXPECT_THAT(Accept({"--cache-config=redis,host=h", "--cache-config=redis,port=6379"}).server.cache_config,
              ElementsAre(Pair("redis", R"({"host":"h","port":"6379"})")));
  EXPECT_THAT(Accept({"--response-cache-byte-size=1024"}).server.cache_config,
              ElementsAre(Pair("local", R"({"size":"1024"})")));
  EXPECT_THAT(Refusal({"--response-cache-byte-size=1024", "--cache-config=local,size=1"}),
              HasSubstr("Incompatible flags --response-cache-byte-size and --cache-config"));
}

TEST(OptionsTest, MutualTlsSwitchesTlsOnWhateverItsValue) {
  const Options options = Accept({"--grpc-use-ssl-mutual=false"});
  EXPECT_TRUE(options.grpc.use_ssl);
  EXPECT_FALSE(options.grpc.use_mutual_ssl);
}

// ---- Tracing and deprecated options ----

TEST(OptionsTest, TraceLevelsAddUpAndOffWins) {
  EXPECT_EQ(Accept({"--trace-config=level=timestamps", "--trace-config=level=TENSORS"}).trace.level, 12U);
  EXPECT_EQ(Accept({"--trace-config=level=timestamps", "--trace-config=level=OFF"}).trace.level, 0U);
  EXPECT_EQ(Accept({"--trace-level=min", "--trace-level=off"}).trace.level, 0U);
}

TEST(OptionsTest, TraceConfigSetsTheModesOwnSettings) {
  const Options triton = Accept({"--trace-config=triton,file=t.json", "--trace-config=triton,log-frequency=50",
                                 "--trace-config=rate=1", "--trace-config=count=9"});
  EXPECT_EQ(triton.trace.file, "t.json");
  EXPECT_EQ(triton.trace.log_frequency, 50);
  EXPECT_EQ(triton.trace.rate, 1);
  EXPECT_EQ(triton.trace.count, 9);
  const Options otel =
      Accept({"--trace-config=mode=opentelemetry", "--trace-config=opentelemetry,url=http://c:4318",
              "--trace-config=opentelemetry,resource=a=b,c", "--trace-config=opentelemetry,bsp_schedule_delay=1"},
             {{"OTEL_BSP_MAX_QUEUE_SIZE", "64"}});
  EXPECT_EQ(otel.trace.mode, TraceMode::kOpenTelemetry);
  EXPECT_THAT(otel.trace.opentelemetry,
              ElementsAre(Pair("url", "http://c:4318"), Pair("resource", "a=b,c"), Pair("bsp_schedule_delay", "1"),
                          Pair("bsp_max_queue_size", "64"), Pair("bsp_max_export_batch_size", "512")));
}

TEST(OptionsTest, DeprecatedOptionsWarnAndYieldToTheNewOnes) {
  const ParseResult one = Parse({"--trace-rate=5"});
  EXPECT_THAT(one.warnings, ElementsAre(StartsWith("Warning: '--trace-rate' has been deprecated")));
  const ParseResult both = Parse({"--trace-rate=5", "--trace-config=rate=7"});
  EXPECT_EQ(both.options->trace.rate, 7);
  EXPECT_THAT(both.warnings, SizeIs(2));
  const ParseResult otel = Parse({"--trace-file=x", "--trace-log-frequency=1", "--trace-config=mode=opentelemetry"});
  EXPECT_EQ(otel.options->trace.file, "");
  EXPECT_THAT(otel.warnings, SizeIs(4));
}

TEST(OptionsTest, DisablingAutoCompletionWinsOverStrictModelConfig) {
  const ParseResult result = Parse({"--disable-auto-complete-config", "--strict-model-config=false"});
  EXPECT_TRUE(result.options->server.strict_model_config);
  EXPECT_THAT(result.warnings, SizeIs(2));
  EXPECT_THAT(Parse({"--disable-auto-complete-config"}).warnings, IsEmpty());
}

// ---- The usage text ----

TEST(UsageTest, GroupsStandInTheirOrder) {
  const std::string usage = UsageText();
  EXPECT_THAT(usage,
              StartsWith("Usage: tritonserver [options]\n  --help\n\tShow this text.\n\nServer:\n  --id <string>\n\t"));
  size_t last = 0;
  for (const char* title :
       {"\nServer:\n", "\nLogging:\n", "\nModel Repository:\n", "\nHTTP:\n", "\nGRPC:\n", "\nSagemaker:\n",
        "\nVertex:\n", "\nMetrics:\n", "\nTracing:\n", "\nBackend:\n", "\nRepository Agent:\n", "\nResponse Cache:\n",
        "\nRate Limiter:\n", "\nMemory/Device Management:\n", "\nShared Memory:\n", "\nDEPRECATED:\n"}) {
    const size_t at = usage.find(title);
    ASSERT_NE(at, std::string::npos) << title;
    EXPECT_GT(at, last) << title;
    last = at;
  }
  EXPECT_THAT(usage, HasSubstr("  --backend-config <string>,<string>=<string>\n\t"));
}

TEST(UsageTest, DescriptionsAreWrapped) {
  const std::string usage = UsageText();
  for (size_t start = 0, end; (end = usage.find('\n', start)) != std::string::npos; start = end + 1) {
    const std::string line = usage.substr(start, end - start);
    EXPECT_LE(line.size(), 90U) << line;
  }
}

}  // namespace
}  // namespace neso
