#include "server/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/option_help.h"
#include "server/options_testing.h"

namespace neso {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::StartsWith;

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

// ---- What people are told ----

TEST(OptionsTest, TheNameThatItIsCalledByDecidesHowItAnswers) {
  EXPECT_EQ(ProgramOf("/opt/tritonserver/bin/tritonserver"), Program::kTritonserver);
  EXPECT_EQ(ProgramOf("tritonserver"), Program::kTritonserver);
  EXPECT_EQ(ProgramOf("out/bin/neso"), Program::kNeso);
  EXPECT_EQ(ProgramOf(""), Program::kNeso);
}

TEST(OptionsTest, PeopleWhoAskForHelpGetIt) {
  for (const char* argument : {"--help", "-h", "--hel"}) {
    const ParseResult result = ParseAs("neso", {argument, "--http-port=abc"});
    EXPECT_THAT(result.answer, StartsWith("Usage: neso [options]\n  --help\n")) << argument;
    EXPECT_EQ(result.failure_text, "") << argument;
    EXPECT_FALSE(result.options) << argument;
  }
}

TEST(OptionsTest, TheVersionIsOfNesoAndOfWhatItSpeaks) {
  EXPECT_THAT(ParseAs("neso", {"--version"}).answer,
              ::testing::AllOf(StartsWith("neso 0."), HasSubstr(" (speaks Triton Inference Server 2.73.0)\n")));
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(Refusal({"--version"}), "\n\n");  // tritonserver does not know it
  ::testing::internal::GetCapturedStderr();
}

// The last line of what is said to people.
std::string LastLine(std::vector<std::string> arguments) {
  ::testing::internal::CaptureStderr();
  const ParseResult result = ParseAs("neso", std::move(arguments));
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
  EXPECT_FALSE(result.options);
  EXPECT_LE(std::count(result.failure_text.begin(), result.failure_text.end(), '\n'), 8) << result.failure_text;
  const std::string_view text = std::string_view(result.failure_text).substr(0, result.failure_text.size() - 1);
  return std::string(text.substr(text.rfind('\n') + 1));
}

TEST(OptionsTest, PeopleAreToldWhatTheyMeant) {
  EXPECT_EQ(LastLine({"--htp-port=9000"}), "error: unknown option --htp-port; did you mean --http-port?");
  EXPECT_EQ(LastLine({"--port=9000"}),
            "error: unknown option --port; did you mean --http-port, --reuse-http-port or --grpc-port?");
  EXPECT_EQ(LastLine({"-model-repository=/m"}),
            "error: unknown option -model-repository; did you mean --model-repository?");
  EXPECT_EQ(LastLine({"--quantum-flux"}), "error: unknown option --quantum-flux; neso --help lists them");
  EXPECT_EQ(LastLine({"--http-p=1", "--allow-h=1", "--log-f=x"}), "error: --log-f could be --log-format or --log-file");
  EXPECT_EQ(LastLine({"model.onnx"}),
            "error: 'model.onnx' is not an option; models are served from a folder: put it at "
            "FOLDER/model/1/model.onnx, then neso --model-repository=FOLDER");
  EXPECT_EQ(LastLine({"models/"}), "error: 'models/' is not an option; did you mean --model-repository=models/?");
}

TEST(OptionsTest, PeopleAreShownTheOptionThatTheyGotWrong) {
  EXPECT_EQ(ParseAs("neso", {"--http-port=abc"}).failure_text,
            "  --http-port <integer>\n\tPort of the HTTP service. Default is 8000.\n"
            "error: --http-port: Invalid option value. Got abc\n");
  EXPECT_EQ(LastLine({"--model-control-mode=always"}),
            "error: --model-control-mode: invalid argument for --model-control-mode");
  EXPECT_EQ(LastLine({"--http-port"}), "error: --http-port needs a value");
  EXPECT_EQ(LastLine({"--disable-auto-complete-config=true"}), "error: --disable-auto-complete-config takes no value");
  EXPECT_EQ(LastLine({"--http-port=8001"}),
            "error: The server cannot listen to HTTP requests and GRPC requests at the same address and port "
            "0.0.0.0:8001");
}

// ---- Options that depend on others ----

TEST(OptionsTest, OnDemandIsExplicitModeWithABudget) {
  const ServerOptions options =
      Accept({"--model-control-mode=On_Demand", "--model-memory-budget=50000000", "--model-gpu-memory-budget=1:7",
              "--model-load-wait-ms=100", "--model-idle-timeout-s=60", "--model-load-thread-count=2", "--load-model=m"})
          .server;
  EXPECT_TRUE(options.load_on_demand);
  EXPECT_EQ(options.control_mode, TRITONSERVER_MODEL_CONTROL_EXPLICIT);
  EXPECT_EQ(options.on_demand.budget.host, 50'000'000);
  EXPECT_THAT(options.on_demand.budget.gpus, ElementsAre(std::pair(1, 7)));
  EXPECT_EQ(options.on_demand.load_wait, std::chrono::milliseconds(100));
  EXPECT_EQ(options.on_demand.idle_timeout, std::chrono::minutes(1));
  EXPECT_EQ(options.on_demand.parallel_loads, 2U);
  EXPECT_FALSE(Accept({"--model-control-mode=on_demand", "--model-control-mode=explicit"}).server.load_on_demand);
  EXPECT_GT(Accept({"--model-control-mode=on_demand", "--model-memory-budget=50%"}).server.on_demand.budget.host, 0);
}

TEST(OptionsTest, OptionsOfOnDemandModeNeedIt) {
  for (const char* option : {"--model-memory-budget=1", "--model-gpu-memory-budget=0:1", "--model-load-wait-ms=1",
                             "--model-idle-timeout-s=1"}) {
    EXPECT_THAT(Refusal({option}), HasSubstr("requires setting '--model-control-mode=on_demand' as well.")) << option;
  }
  for (const char* bad : {"--model-memory-budget=", "--model-memory-budget=0", "--model-memory-budget=101%",
                          "--model-gpu-memory-budget=1", "--model-gpu-memory-budget=-1:1",
                          "--model-gpu-memory-budget=0:0", "--model-load-wait-ms=x", "--model-idle-timeout-s="}) {
    EXPECT_THAT(Refusal({"--model-control-mode=on_demand", bad}), HasSubstr("Bad option")) << bad;
  }
  EXPECT_THAT(Refusal({"--model-control-mode=on_demand", "--model-namespacing=true"}), HasSubstr("cannot be used"));
}

TEST(OptionsTest, LoadModelNeedsExplicitMode) {
  EXPECT_EQ(Refusal({"--load-model=m"}),
            "\nError: Use of '--load-model' requires setting '--model-control-mode=explicit' as well.\n");
  EXPECT_THAT(Accept({"--load-model=b", "--load-model=a", "--model-control-mode=explicit"}).server.startup_models,
              ElementsAre("a", "b"));
}

TEST(OptionsTest, PollPeriodCountsOnlyInPollMode) {
  using std::chrono::milliseconds;
  EXPECT_EQ(Accept({"--repository-poll-secs=5"}).repository_poll_interval, milliseconds(0));
  const auto interval = [](const char* argument) {
    return Accept({argument, "--model-control-mode=poll"}).repository_poll_interval;
  };
  EXPECT_EQ(interval("--repository-poll-secs=5"), milliseconds(5000));
  EXPECT_EQ(interval("--repository-poll-secs=0.2"), milliseconds(200));
  EXPECT_EQ(interval("--repository-poll-secs=0.00001"), milliseconds(1)) << "0 would be never";
  EXPECT_EQ(Accept({"--model-control-mode=poll"}).repository_poll_interval, milliseconds(15000));
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
  EXPECT_EQ(Refusal({"--http-address=unix:/tmp/s", "--grpc-address=unix:/tmp/s"}),
            "\nThe server cannot listen to HTTP requests and GRPC requests at the same address and port "
            "unix:/tmp/s:8000\n");
  Accept({"--http-address=unix:/tmp/s", "--grpc-address=unix:/tmp/t", "--grpc-port=8000"});
}

TEST(OptionsTest, SagemakersPortRangeBindsTheOthers) {
  EXPECT_EQ(Refusal({"--allow-sagemaker=1", "--sagemaker-safe-port-range=8000-8001"}),
            "\nThe server cannot listen to metrics requests at port 8002, allowed port range is [8000, 8001]\n");
  Accept({"--allow-sagemaker=1", "--sagemaker-safe-port-range=8000-8002"});
  Accept({"--sagemaker-safe-port-range=1-2"});
}

TEST(OptionsTest, SagemakerTakesWhatTheEnvironmentSays) {
  const Options by_default = Accept({"--allow-sagemaker=true"});
  EXPECT_EQ(by_default.sagemaker.ping, SagemakerPing::kReady);
  EXPECT_EQ(by_default.sagemaker.inference, SagemakerInference::kInfer);
  EXPECT_EQ(by_default.sagemaker.models_root, "/opt/ml/models");

  const Options told = Accept({"--allow-sagemaker=true"}, {{"SAGEMAKER_TRITON_PING_MODE", "live"},
                                                           {"SAGEMAKER_TRITON_INFERENCE_TYPE", "generate_stream"},
                                                           {"SAGEMAKER_TRITON_DEFAULT_MODEL_NAME", "digits"},
                                                           {"NESO_SAGEMAKER_ROOT", "/home/me"}});
  EXPECT_EQ(told.sagemaker.ping, SagemakerPing::kLive);
  EXPECT_EQ(told.sagemaker.inference, SagemakerInference::kGenerateStream);
  EXPECT_EQ(told.sagemaker.default_model, "digits");
  EXPECT_EQ(told.sagemaker.models_root, "/home/me/models");
}

TEST(OptionsTest, SagemakerRefusesWordsItDoesNotKnow) {
  const Variables ping = {{"SAGEMAKER_TRITON_PING_MODE", "Ready"}};
  EXPECT_THAT(Refusal({"--allow-sagemaker=true"}, ping),
              ::testing::HasSubstr("SAGEMAKER_TRITON_PING_MODE must be one of ready, live, got: Ready"));
  EXPECT_EQ(Refusal({}, ping), "accepted");
  EXPECT_THAT(Refusal({"--allow-sagemaker=true"}, {{"SAGEMAKER_TRITON_INFERENCE_TYPE", "train"}}),
              ::testing::HasSubstr(
                  "SAGEMAKER_TRITON_INFERENCE_TYPE must be one of infer, generate, generate_stream, got: train"));
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
  EXPECT_TRUE(options.grpc.tls.use);
  EXPECT_FALSE(options.grpc.tls.mutual);
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
                          Pair("bsp_max_queue_size", "64"), Pair("bsp_max_export_batch_size", "64")));
}

TEST(OptionsTest, FilesOfTlsThatNobodyUsesAreToldOf) {
  EXPECT_THAT(
      Parse({"--http-server-cert=c", "--http-server-key=k"}).warnings,
      ElementsAre("Warning: '--http-server-cert' has no effect without '--http-use-ssl=true': the service speaks "
                  "no TLS."));
  EXPECT_THAT(
      Parse({"--grpc-root-cert=r", "--metrics-server-key=k"}).warnings,
      ElementsAre(StartsWith("Warning: '--grpc-root-cert' has no effect without '--grpc-use-ssl=true'"),
                  StartsWith("Warning: '--metrics-server-key' has no effect without '--metrics-use-ssl=true'")));
  EXPECT_THAT(Parse({"--http-server-cert=c", "--http-use-ssl=true"}).warnings, SizeIs(0));
  EXPECT_THAT(Parse({"--http-server-cert=c", "--http-use-ssl-mutual=true"}).warnings, SizeIs(0));
  EXPECT_THAT(Parse({"--http-server-cert=c", "--allow-http=false"}).warnings, SizeIs(0));
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

TEST(OptionsTest, WhatHasNoEffectIsTakenWithAWord) {
  for (const char* idle : {"--metrics-config=histogram_latencies=1", "--metrics-config=summary_latencies=True",
                           "--metrics-config=foo=bar", "--exit-grace-ms=-1"}) {
    const ParseResult result = Parse({idle});
    EXPECT_TRUE(result.options) << idle;
    EXPECT_THAT(result.warnings, ElementsAre(HasSubstr(idle))) << idle;
  }
  for (const char* used : {"--metrics-config=histogram_latencies=true", "--metrics-config=openmetrics=false",
                           "--metrics-config=histogram_buckets=1,2", "--exit-grace-ms=0"}) {
    EXPECT_THAT(Parse({used}).warnings, IsEmpty()) << used;
  }
}

TEST(OptionsTest, DisablingAutoCompletionWinsOverStrictModelConfig) {
  const ParseResult result = Parse({"--disable-auto-complete-config", "--strict-model-config=false"});
  EXPECT_TRUE(result.options->server.strict_model_config);
  EXPECT_THAT(result.warnings, SizeIs(2));
  EXPECT_THAT(Parse({"--disable-auto-complete-config"}).warnings, IsEmpty());
}

// ---- The usage text ----

TEST(UsageTest, GroupsStandInTheirOrder) {
  const std::string usage = UsageText(Program::kTritonserver);
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
  const std::string usage = UsageText(Program::kTritonserver);
  for (size_t start = 0, end; (end = usage.find('\n', start)) != std::string::npos; start = end + 1) {
    const std::string line = usage.substr(start, end - start);
    EXPECT_LE(line.size(), 90U) << line;
  }
}

}  // namespace
}  // namespace neso
