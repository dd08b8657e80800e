#include "perf/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/test_folder.h"
#include "base/text.h"

namespace neso::perf {
namespace {

std::string ErrorOf(const std::vector<std::string>& words) {
  const Expected<Options> options = ParseOptions(words);
  return options ? "" : options.error().message();
}

TEST(OptionsTest, ValuesFollowOrAreJoined) {
  const Expected<Options> options =
      ParseOptions({"-m", "a", "--concurrency-range=2:8:3", "-p", "100", "--shape", "x:y:1,2", "-H", "A: b", "-v"});
  ASSERT_TRUE(options.ok()) << options.error().message();
  EXPECT_EQ(options->model, "a");
  EXPECT_EQ(options->range.start, 2);
  EXPECT_EQ(options->range.end, 8);
  EXPECT_EQ(options->range.step, 3);
  EXPECT_EQ(options->interval.count(), 100);
  EXPECT_EQ(options->shapes.at("x:y"), (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(options->headers, (std::vector<std::pair<std::string, std::string>>{{"A", "b"}}));
  EXPECT_TRUE(options->verbose);
}

TEST(OptionsTest, ARateMakesTheLoadOpen) {
  const Expected<Options> options = ParseOptions({"-m", "a", "--request-rate-range", "2.5"});
  ASSERT_TRUE(options.ok());
  EXPECT_EQ(options->load, LoadKind::kRequestRate);
  EXPECT_TRUE(options->range.is_one_point());
  EXPECT_EQ(options->range.start, 2.5);
}

TEST(OptionsTest, TraceSettingsGoOnAsTheyAreWritten) {
  const Expected<Options> options =
      ParseOptions({"-m", "a", "--trace-level", "TIMESTAMPS", "--trace-level", "TENSORS", "--trace-rate", "5",
                    "--trace-rate", "7", "--trace-count=-1", "--log-frequency", "0"});
  ASSERT_TRUE(options.ok()) << options.error().message();
  const TraceSettings expected = {{"log_frequency", {"0"}},
                                  {"trace_count", {"-1"}},
                                  {"trace_level", {"TIMESTAMPS", "TENSORS"}},
                                  {"trace_rate", {"7"}}};
  EXPECT_EQ(options->trace, expected);
}

TEST(OptionsTest, IntervalsAreALoadOfTheirOwn) {
  const TestFolder folder;
  folder.Write("a", "1000\n3000\n");
  const Expected<Options> options = ParseOptions({"-m", "a", "--request-intervals", folder.Path("a")});
  ASSERT_TRUE(options.ok()) << options.error().message();
  EXPECT_EQ(options->load, LoadKind::kIntervals);
  EXPECT_EQ(options->range.start, 500);
  EXPECT_EQ(ErrorOf({"-m", "a", "--request-intervals", folder.Path("a"), "--request-rate-range", "1"}),
            "Cannot use both --request-intervals and --request-rate-range inference load modes.");
}

TEST(OptionsTest, TheUsualValuesMayBeSaid) {
  const Expected<Options> options = ParseOptions({"-m", "a", "--percentile", "-1", "-l", "0", "--request-count", "0"});
  ASSERT_TRUE(options.ok()) << options.error().message();
  EXPECT_EQ(options->percentile, -1);
  EXPECT_EQ(options->latency_limit.count(), 0);
}

TEST(OptionsTest, PeriodicConcurrencySendsEachRequestOnce) {
  const Expected<Options> options =
      ParseOptions({"-m", "a", "-i", "grpc", "--streaming", "--profile-export-file", "/no/such",
                    "--periodic-concurrency-range", "2:14:3", "--request-period", "5"});
  ASSERT_TRUE(options.ok()) << options.error().message();
  EXPECT_EQ(options->load, LoadKind::kPeriodicConcurrency);
  EXPECT_EQ(options->request_count, 14u);
  EXPECT_TRUE(options->range.is_one_point());
  EXPECT_EQ(options->growth.start, 2u);
  EXPECT_EQ(options->growth.step, 3u);
  EXPECT_EQ(options->growth.answers, 5u);
  EXPECT_EQ(ErrorOf({"-m", "a", "--periodic-concurrency-range", "1:4:2"}),
            "Failed to parse --periodic-concurrency-range. expected an END that is START and some STEPs more, got "
            "'1:4:2'");
  EXPECT_EQ(ErrorOf({"-m", "a", "--periodic-concurrency-range", "1:4"}),
            "--periodic-concurrency-range needs -i grpc, --streaming and --profile-export-file FILE");
}

TEST(OptionsTest, RequestsHaveParametersAndModelsCallOthers) {
  const Expected<Options> options =
      ParseOptions({"-m", "a", "--request-parameter", "x:1:2:string", "--request-parameter", "n:-7:int",
                    "--request-parameter", "b:True:bool", "--bls-composing-models", "c:2,d"});
  ASSERT_TRUE(options.ok()) << options.error().message();
  ASSERT_EQ(options->parameters.size(), 3u);
  EXPECT_EQ(options->parameters[0].name, "x");
  EXPECT_EQ(std::get<std::string>(options->parameters[0].value), "1:2");
  EXPECT_EQ(std::get<int64_t>(options->parameters[1].value), -7);
  EXPECT_EQ(std::get<bool>(options->parameters[2].value), true);
  EXPECT_EQ(options->bls_models, (std::vector<ModelName>{{"c", "2"}, {"d", ""}}));
}

TEST(OptionsTest, SequencesAndInputData) {
  const Expected<Options> options =
      ParseOptions({"-m", "a", "--sequence-id-range", "10:20", "--sequence-length", "5", "--sequence-length-variation",
                    "0", "-z", "--input-data", "/", "--num-of-sequences", "2", "--input-tensor-format", "json"});
  ASSERT_TRUE(options.ok()) << options.error().message();
  EXPECT_EQ(options->sequences.first_id, 10u);
  EXPECT_EQ(options->sequences.end_id, 20u);
  EXPECT_EQ(options->sequences.length, 5u);
  EXPECT_EQ(options->sequences.variation, 0);
  EXPECT_EQ(options->sequences.at_a_time, 2u);
  EXPECT_EQ(options->input_files, std::vector<std::string>{"/"});
  EXPECT_TRUE(options->input_is_json && !options->output_is_json);
}

TEST(OptionsTest, OldFormsAreTakenWithAWarning) {
  const auto range = [](std::vector<std::string> words) {
    words.insert(words.begin(), {"-m", "a", "-l", "5"});
    const Expected<Options> options = ParseOptions(words);
    if (!options) return options.error().message();
    return fmt::format("{} {} {}, {}", options->range.start, options->range.end, options->range.step,
                       Join(options->warnings, ", "));
  };
  constexpr const char* kWarning = "WARNING: -t, -d or -c are deprecated: use --concurrency-range";
  EXPECT_EQ(range({"-t", "4"}), fmt::format("4 4 1, {} 4", kWarning));
  EXPECT_EQ(range({"-t", "2", "-d", "-c", "8"}), fmt::format("2 8 1, {} 2:8", kWarning));
  EXPECT_EQ(range({"-d"}), fmt::format("1 0 1, {} 1:0", kWarning));
  EXPECT_EQ(range({"-t", "4", "--concurrency-range", "2"}),
            "Cannot use both --concurrency-range and -t, -d or -c inference load modes.");
}

TEST(OptionsTest, WhatChangesNothingIsTaken) {
  const Expected<Options> options = ParseOptions({"-m", "a", "--service-kind", "triton", "--max-threads=16"});
  ASSERT_TRUE(options.ok()) << options.error().message();
  EXPECT_TRUE(options->warnings.empty());
  EXPECT_TRUE(ParseOptions({"--version"})->wants_version);
  EXPECT_TRUE(
      ErrorOf({"-m", "a", "--service-kind", "tfserving"})
          .starts_with("Failed to parse --service-kind. expected triton, triton_c_api or openai, got 'tfserving': "));
}

TEST(OptionsTest, AnEndpointTakesWhatItIsSent) {
  const TestFolder folder;
  folder.Write("a", "");
  const auto parse = [&folder](std::vector<std::string> more) {
    std::vector<std::string> words = {"-m", "a", "--service-kind", "openai", "--input-data", folder.Path("a")};
    words.insert(words.end(), more.begin(), more.end());
    return ParseOptions(words);
  };
  for (const char* path : {"v1/a?b=c", "/v1/a?b=c"}) {
    const Expected<Options> options = parse({"--endpoint", path, "--streaming"});
    ASSERT_TRUE(options.ok()) << options.error().message();
    EXPECT_EQ(options->endpoint, "/v1/a?b=c");
  }
  for (const char* word : {"", "/", "a b", "a#b", "né"}) {
    EXPECT_THAT(parse({"--endpoint", word}).error().message(), testing::StartsWith("Failed to parse --endpoint. "))
        << word;
  }
  const auto refused = [&parse](std::vector<std::string> more) {
    more.insert(more.end(), {"--endpoint", "a"});
    return parse(more).error().message();
  };
  EXPECT_EQ(refused({"-x", "1"}), "-x is of no use with --service-kind openai: leave it out");
  EXPECT_EQ(refused({"--shape", "x:1"}), "--shape is of no use with --service-kind openai: leave it out");
  EXPECT_EQ(refused({"--trace-rate", "1"}), "tracing is of no use with --service-kind openai: leave it out");
}

TEST(OptionsTest, AServerWithinTheProcessHasARepositoryAndNoAddress) {
  std::vector<std::string> words = {"-m", "a", "--service-kind", "triton_c_api"};
  EXPECT_TRUE(ErrorOf(words).ends_with("needs --model-repository FOLDER, whose models it loads"));
  words.insert(words.end(), {"--model-repository", "models", "--streaming"});
  const Expected<Options> options = ParseOptions(words);
  ASSERT_TRUE(options.ok()) << options.error().message();
  EXPECT_EQ(options->service, ServiceKind::kInProcess);
  words.insert(words.end(), {"-u", "localhost:1"});
  EXPECT_EQ(ErrorOf(words), "-u is for a server that runs elsewhere: leave it or --service-kind triton_c_api out");
}

TEST(OptionsTest, ASchemeNamesTheProtocol) {
  const auto server = [](std::vector<std::string> words) {
    words.insert(words.begin(), {"-m", "a"});
    const Expected<Options> options = ParseOptions(words);
    if (!options) return options.error().message();
    return fmt::format("{} {}", options->protocol == Protocol::kGrpc ? "grpc" : "http", options->url);
  };
  EXPECT_EQ(server({}), "http localhost:8000");
  EXPECT_EQ(server({"-i", "grpc"}), "grpc localhost:8001");
  EXPECT_EQ(server({"-u", "grpcs://b"}), "grpc grpcs://b");
  EXPECT_EQ(server({"-u", "b:1", "-i", "GRPC"}), "grpc b:1");
  EXPECT_EQ(server({"-u", "grpc://b", "-i", "http"}),
            "-i http, and 'grpc://b' is asked over gRPC: leave -i out, or write http://");
  EXPECT_NE(server({"-u", "ftp://b"}).find("'ftp://b' is no address of a server"), std::string::npos);
  EXPECT_NE(server({"-u", "b", "--versus", "ftp://b"}).find("'ftp://b' is no address of a server"), std::string::npos);
  EXPECT_NE(server({"-u", "b", "--versus", "grpc://c"}).find("both have the same protocol"), std::string::npos);
}

TEST(OptionsTest, TheEnvironmentSaysWhatTheCommandLineDoesNot) {
  const std::pair<const char*, const char*> variables[] = {
      {"NESO_URL", "grpcs://b:1"}, {"NESO_API_KEY", "neso_b"}, {"NESO_CACERT", "b.crt"}};
  for (const auto& [name, value] : variables) setenv(name, value, 1);
  const Expected<Options> preset = ParseOptions({"-m", "a"});
  const Expected<Options> typed =
      ParseOptions({"-m", "a", "-u", "https://c", "--api-key", "neso_c", "--ssl-https-ca-certificates-file", "c.crt"});
  setenv("NESO_URL", "b:1", 1);
  const std::string other_protocol = ErrorOf({"-m", "a", "-i", "grpc"});
  for (const auto& [name, value] : variables) unsetenv(name);
  ASSERT_TRUE(preset.ok()) << preset.error().message();
  EXPECT_EQ(preset->url, "grpcs://b:1");
  EXPECT_EQ(preset->protocol, Protocol::kGrpc);
  EXPECT_EQ(preset->headers.back().second, "Bearer neso_b");
  EXPECT_EQ(preset->grpc_tls.roots_file, "b.crt");
  ASSERT_TRUE(typed.ok()) << typed.error().message();
  EXPECT_EQ(typed->url, "https://c");
  EXPECT_EQ(typed->headers.back().second, "Bearer neso_c");
  EXPECT_EQ(typed->http_tls.roots_file, "c.crt");
  EXPECT_EQ(other_protocol,
            "NESO_URL 'b:1' names no server for gRPC: expected grpc://HOST:PORT there, or -u HOST:PORT");
}

TEST(OptionsTest, WhatCannotBeMeantIsSaid) {
  EXPECT_EQ(ErrorOf({}), "Failed to parse -m (model name). The value must be specified.");
  EXPECT_EQ(ErrorOf({"-m", "a", "-q"}), "Error: Invalid short option '-q'");
  EXPECT_EQ(ErrorOf({"-m", "a", "--x"}), "Error: Invalid long option '--x'");
  EXPECT_EQ(ErrorOf({"-m"}), "Error: Missing value for option '-m'");
  EXPECT_EQ(ErrorOf({"a"}), "Error: Unknown command-line argument.");
  EXPECT_EQ(ErrorOf({"-m", "a", "--concurrency-range", "0"}),
            "Failed to parse --concurrency-range. The start of the search range must be > 0");
  EXPECT_EQ(ErrorOf({"-m", "a", "--concurrency-range", "1", "--request-rate-range", "1"}),
            "Cannot use both --concurrency-range and --request-rate-range inference load modes.");
  EXPECT_EQ(ErrorOf({"-m", "a", "-b", "x"}), "Failed to parse -b. expected a number from 1 to 1048576, got 'x'");
  EXPECT_EQ(ErrorOf({"-m", "a", "--profile-export-file", "/"}),
            "Failed to parse --profile-export-file. Path must not already exist.");
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"-m", "a", "-i", "tcp"},
                                             {"-m", "a", "--streaming"},
                                             {"-m", "a", "--async", "--sync"},
                                             {"-m", "a", "-i", "grpc", "--input-tensor-format", "json"},
                                             {"-m", "a", "--ssl-https-verify-host", "3"},
                                             {"-m", "a", "--shape", "x"},
                                             {"-m", "a", "--concurrency-range", "1:2:3:4"},
                                             {"-m", "a", "--find-limit"},
                                             {"-m", "a", "--find-limit", "-l", "200", "-p", "100"},
                                             {"-m", "a", "--percentile", "100"},
                                             {"-m", "a", "--concurrency-range", "2:0"},
                                             {"-m", "a", "--concurrency-range", "0.5"},
                                             {"-m", "a", "--concurrency-range", "1:4:0.5"},
                                             {"-m", "a", "--concurrency-range", "nan"},
                                             {"-m", "a", "--request-rate-range", "1:nan"},
                                             {"-m", "a", "-s", "nan"},
                                             {"-m", "a", "--sequence-length-variation", "nan"},
                                             {"-m", "a", "--request-count", "5", "--concurrency-range", "1:2"},
                                             {"-m", "a", "--input-data", "/no/such"},
                                             {"-m", "a", "--request-intervals", "/no/such"},
                                             {"-m", "a", "--binary-search", "--concurrency-range", "1:8"},
                                             {"-m", "a", "--binary-search", "-l", "5", "--concurrency-range", "2:0"},
                                             {"-m", "a", "--sequence-id-range", "5:5"},
                                             {"-m", "a", "--versus", "b", "-f", "c.csv"},
                                             {"-m", "a", "--versus", "b", "--find-limit", "-l", "5"},
                                             {"-m", "a", "--fixed-schedule"},
                                             {"-m", "a", "--fixed-schedule", "--input-data", "/", "-b", "2"},
                                             {"-m", "a", "--fixed-schedule", "--input-data", "/", "--find-limit"},
                                             {"-m", "a", "--periodic-concurrency-range", "4"},
                                             {"-m", "a", "--bls-composing-models", ":1"},
                                             {"-m", "a", "--request-parameter", ":1:int"},
                                             {"-m", "a", "--trace-level", "LOUD"},
                                             {"-m", "a", "--trace-rate", "0"},
                                             {"-m", "a", "--trace-count", "-2"},
                                             {"-m", "a", "--log-frequency", "often"},
                                             {"-m", "a", "--cacert", "b"},
                                             {"-m", "a", "--api-key", "@/no/such"},
                                             {"-m", "a", "-d"},
                                             {"-m", "a", "-H", "nothing"}}) {
    EXPECT_NE(ErrorOf(words), "") << words[2];
  }
}

}  // namespace
}  // namespace neso::perf
