#include "perf/option_table.h"

#include <filesystem>

#include "base/text.h"
#include "perf/option_values.h"
#include "perf/send_times.h"

namespace neso::perf {
namespace {

// clang-format off
const OptionRow kOptions[] = {
    {"model-name", 'm', "NAME", "the model (required)",
     [](std::string_view v, Options& o) { o.model = v; return Status(); }},
    {"model-version", 'x', "VERSION", "its version (the latest)",
     [](std::string_view v, Options& o) { o.version = v; return Status(); }},
    {"bls-composing-models", 0, "NAME[:VERSION],...", "models that it calls by itself, for their statistics",
     [](std::string_view v, Options& o) { return TakeModels(v, o.bls_models); }},
    {"url", 'u', "HOST:PORT", "the server (NESO_URL, or localhost:8000, localhost:8001 over gRPC); https://, grpc:// and grpcs:// say how",
     [](std::string_view v, Options& o) { o.url = v; return Status(); }},
    {"api-key", 0, "KEY|@FILE", "the access key of each request, or the file that has it (NESO_API_KEY)",
     [](std::string_view v, Options& o) { o.api_key = v; return Status(); }},
    {"cacert", 0, "FILE", "TLS: who has to have signed the server's certificate, PEM (NESO_CACERT, or whom the system trusts)",
     [](std::string_view v, Options& o) { o.http_tls.roots_file = o.grpc_tls.roots_file = v; return Status(); }},
    {"cert", 0, "FILE", "TLS: the certificate to show, PEM (NESO_CERT)",
     [](std::string_view v, Options& o) { o.http_tls.certificate_file = o.grpc_tls.certificate_file = v; return Status(); }},
    {"cert-key", 0, "FILE", "TLS: its private key, PEM (NESO_CERT_KEY)",
     [](std::string_view v, Options& o) { o.http_tls.key_file = o.grpc_tls.key_file = v; return Status(); }},
    {"insecure", 'k', nullptr, "TLS: whatever certificate the server shows",
     [](std::string_view, Options& o) { o.http_tls.verifies_server = o.grpc_tls.verifies_server = false; return Status(); }},
    {"service-kind", 0, "triton|triton_c_api|openai", "a server that runs, or one within this process, over the C interface; or JSON over HTTP (triton)",
     [](std::string_view v, Options& o) { return TakeServiceKind(v, o.service); }},
    {"endpoint", 0, "PATH", "of openai: where requests go, v1/chat/completions for instance",
     [](std::string_view v, Options& o) { return TakeEndpoint(v, o.endpoint); }},
    {"model-repository", 0, "FOLDER", "the models of triton_c_api",
     [](std::string_view v, Options& o) { o.model_repository = v; return Status(); }},
    {"triton-server-directory", 0, "FOLDER", "its lib/libtritonserver.so, backends/ and repoagents/ (those beside this program)",
     [](std::string_view v, Options& o) { o.server_directory = v; return Status(); }},
    {"protocol", 'i', "http|grpc", "the protocol (http)",
     [](std::string_view v, Options& o) {
       bool is_grpc = false;
       RETURN_IF_ERROR(TakeWord(ToLowerAscii(v), "http", "grpc", is_grpc));
       o.protocol = is_grpc ? Protocol::kGrpc : Protocol::kHttp;
       return Status(); }},
    {"streaming", 0, nullptr, "many requests on one stream of gRPC; decoupled models need it, over triton_c_api too; of openai: answers are events",
     [](std::string_view, Options& o) { o.streaming = true; return Status(); }},
    {"grpc-compression-algorithm", 0, "none|gzip|deflate", "how requests are compressed over gRPC (none)",
     [](std::string_view v, Options& o) { return TakeCompression(v, o.grpc_compression); }},
    {"request-parameter", 0, "NAME:VALUE:TYPE", "a parameter of each request; TYPE is bool, int or string; again for others",
     [](std::string_view v, Options& o) { return TakeParameter(v, o); }},
    {"shared-memory", 0, "none|system|cuda", "tensors go through memory of this machine, or of its GPU 0, that the server maps (none)",
     [](std::string_view v, Options& o) { return TakeSharedMemory(v, o.shared_memory); }},
    {"output-shared-memory-size", 0, "BYTES", "there for an output of unknown size (102400)",
     [](std::string_view v, Options& o) { return TakeNumber<uint64_t>(v, 1, uint64_t{1} << 40, o.output_shared_bytes); }},
    {"async", 'a', nullptr, "no thread waits for an answer; that is so anyway",
     [](std::string_view, Options& o) { o.is_async = true; return Status(); }},
    {"sync", 0, nullptr, "a thread for each request; the load is the same",
     [](std::string_view, Options& o) { o.is_sync = true; return Status(); }},
    {"ssl-grpc-use-ssl", 0, nullptr, "TLS over gRPC",
     [](std::string_view, Options& o) { o.grpc_uses_tls = true; return Status(); }},
    {"ssl-grpc-root-certifications-file", 0, "FILE", "who has to have signed the server's certificate, PEM (whom the system trusts)",
     [](std::string_view v, Options& o) { o.grpc_tls.roots_file = v; return Status(); }},
    {"ssl-grpc-private-key-file", 0, "FILE", "the client's key, PEM",
     [](std::string_view v, Options& o) { o.grpc_tls.key_file = v; return Status(); }},
    {"ssl-grpc-certificate-chain-file", 0, "FILE", "the client's certificate, PEM",
     [](std::string_view v, Options& o) { o.grpc_tls.certificate_file = v; return Status(); }},
    {"ssl-https-verify-peer", 0, "0|1", "whether the certificate of a server at https:// has to be trusted (1)",
     [](std::string_view v, Options& o) { return TakeWord(v, "0", "1", o.http_tls.verifies_server); }},
    {"ssl-https-verify-host", 0, "0|1|2", "whether it has to be for the server's name (2)",
     [](std::string_view v, Options& o) { return TakeWord(v == "1" ? "2" : v, "0", "2", o.http_tls.verifies_host); }},
    {"ssl-https-ca-certificates-file", 0, "FILE", "who has to have signed it, PEM (whom the system trusts)",
     [](std::string_view v, Options& o) { o.http_tls.roots_file = v; return Status(); }},
    {"ssl-https-client-certificate-file", 0, "FILE", "the client's certificate",
     [](std::string_view v, Options& o) { o.http_tls.certificate_file = v; return Status(); }},
    {"ssl-https-client-certificate-type", 0, "PEM|DER", "how that is written (PEM)",
     [](std::string_view v, Options& o) { return TakeFormat(v, o.http_tls.certificate_format); }},
    {"ssl-https-private-key-file", 0, "FILE", "the client's key",
     [](std::string_view v, Options& o) { o.http_tls.key_file = v; return Status(); }},
    {"ssl-https-private-key-type", 0, "PEM|DER", "how that is written (PEM)",
     [](std::string_view v, Options& o) { return TakeFormat(v, o.http_tls.key_format); }},
    {"batch-size", 'b', "N", "the batch of each request (1)",
     [](std::string_view v, Options& o) { return TakeNumber<uint64_t>(v, 1, 1 << 20, o.batch); }},
    {"concurrency-range", 0, "START:END:STEP", "so many requests at a time (1:1:1); END 0: until the latency limit",
     [](std::string_view v, Options& o) { return TakeRange(v, LoadKind::kConcurrency, o); }},
    {"", 't', "N", "an old name for --concurrency-range N",
     [](std::string_view v, Options& o) { return TakeNumber<uint64_t>(v, 1, 1 << 20, o.old_concurrency.start.emplace()); }},
    {"", 'd', nullptr, "an old name for --concurrency-range N:END, N and END being those of -t and -c",
     [](std::string_view, Options& o) { o.old_concurrency.grows = true; return Status(); }},
    {"", 'c', "N", "the END of -d (until the latency limit)",
     [](std::string_view v, Options& o) { return TakeNumber<uint64_t>(v, 1, 1 << 20, o.old_concurrency.end.emplace()); }},
    {"max-threads", 0, "N", "threads of the load; one does for all",
     [](std::string_view v, Options&) { uint64_t ignored = 0; return TakeNumber<uint64_t>(v, 1, 1 << 20, ignored); }},
    {"request-rate-range", 0, "START:END:STEP", "so many requests a second, whether or not answers keep up",
     [](std::string_view v, Options& o) { return TakeRange(v, LoadKind::kRequestRate, o); }},
    {"request-intervals", 0, "FILE", "microseconds from one request to the next, a line each, over and over",
     [](std::string_view v, Options& o) {
       ASSIGN_OR_RETURN(o.intervals, ReadIntervals(std::string(v)));
       o.load = LoadKind::kIntervals;
       o.range.start = o.range.end = RateOf(o.intervals);
       return Status(); }},
    {"fixed-schedule", 0, nullptr, "each step of the input data once, at its \"timestamp\" in milliseconds",
     [](std::string_view, Options& o) { o.load = LoadKind::kSchedule; return Status(); }},
    {"session-concurrency", 0, "N", "so many of the input data's sessions at a time, each request of one behind the answer to the one before",
     [](std::string_view v, Options& o) { return TakeSessions(v, o); }},
    {"periodic-concurrency-range", 0, "START:END:STEP", "each request once: START at a time, then STEP more and more, END in all",
     [](std::string_view v, Options& o) { return TakeGrowth(v, o); }},
    {"request-period", 0, "N", "answers that each of the last requests has had before there are more of them (10)",
     [](std::string_view v, Options& o) { return TakeNumber<uint64_t>(v, 1, 1'000'000'000, o.growth.answers); }},
    {"request-distribution", 0, "constant|poisson", "the pauses between requests of a rate (constant)",
     [](std::string_view v, Options& o) {
       bool poisson = false;
       RETURN_IF_ERROR(TakeWord(v, "constant", "poisson", poisson));
       o.distribution = poisson ? Distribution::kPoisson : Distribution::kConstant;
       return Status(); }},
    {"measurement-mode", 0, "time_windows|count_windows", "what ends a window (time_windows)",
     [](std::string_view v, Options& o) {
       bool count = false;
       RETURN_IF_ERROR(TakeWord(v, "time_windows", "count_windows", count));
       o.mode = count ? MeasurementMode::kCountWindows : MeasurementMode::kTimeWindows;
       return Status(); }},
    {"measurement-interval", 'p', "MS", "a window lasts 1.2 times that long (5000)",
     [](std::string_view v, Options& o) { return TakeMilliseconds(v, o.interval); }},
    {"measurement-request-count", 0, "N", "a window of count_windows has at least so many requests (50)",
     [](std::string_view v, Options& o) { return TakeNumber<uint64_t>(v, 1, 1'000'000'000, o.window_requests); }},
    {"request-count", 0, "N", "exactly so many requests, in one window (off)",
     [](std::string_view v, Options& o) { return TakeNumber<uint64_t>(v, 0, 1'000'000'000, o.request_count); }},
    {"stability-percentage", 's', "PERCENT", "by which three windows may differ (10)",
     [](std::string_view v, Options& o) {
       RETURN_IF_ERROR(TakeNumber<double>(v, 0.001, 1e6, o.stability));
       o.stability /= 100;
       return Status(); }},
    {"max-trials", 'r', "N", "windows until a load is given up (10)",
     [](std::string_view v, Options& o) { return TakeNumber<uint64_t>(v, 1, 1'000'000, o.max_trials); }},
    {"percentile", 0, "N", "the latency that has to be stable (the average)",
     [](std::string_view v, Options& o) {
       if (v == "-1") { o.percentile = -1; return Status(); }  // the average
       return TakeNumber<int>(v, 1, 99, o.percentile); }},
    {"latency-threshold", 'l', "MS", "the highest latency to go to; 0: none (0)",
     [](std::string_view v, Options& o) { return TakeMilliseconds(v, o.latency_limit, 0); }},
    {"find-limit", 0, nullptr, "the highest load whose latency is below --latency-threshold",
     [](std::string_view, Options& o) { o.search = SearchKind::kLimit; return Status(); }},
    {"binary-search", 0, nullptr, "the same between the START and END of a range",
     [](std::string_view, Options& o) { o.search = SearchKind::kBinary; return Status(); }},
    {"warmup-request-count", 0, "N", "requests before those that are measured (0)",
     [](std::string_view v, Options& o) { return TakeNumber<uint64_t>(v, 0, 1'000'000'000, o.warmup_requests); }},
    {"num-of-sequences", 0, "N", "sequences at a time when requests are sent by time (4)",
     [](std::string_view v, Options& o) { return TakeNumber<uint64_t>(v, 1, 1 << 20, o.sequences.at_a_time); }},
    {"serial-sequences", 0, nullptr, "one request of a sequence at a time; that is so anyway",
     [](std::string_view, Options&) { return Status(); }},
    {"sequence-length", 0, "N", "requests of a sequence (as the input data, or 20)",
     [](std::string_view v, Options& o) { return TakeNumber<uint64_t>(v, 1, 1 << 30, o.sequences.length); }},
    {"sequence-length-variation", 0, "PERCENT", "by which lengths differ from it (20)",
     [](std::string_view v, Options& o) {
       RETURN_IF_ERROR(TakeNumber<double>(v, 0, 100, o.sequences.variation));
       o.sequences.variation /= 100;
       return Status(); }},
    {"sequence-id-range", 0, "START:END", "correlation IDs, END excluded (1:)",
     [](std::string_view v, Options& o) { return TakeIds(v, o.sequences); }},
    {"input-data", 0, "random|zero|FILE|FOLDER", "what requests bring (random); again for more files",
     [](std::string_view v, Options& o) { return TakeInputData(v, o); }},
    {"data-directory", 0, "FOLDER", "an old name for --input-data FOLDER",
     [](std::string_view v, Options& o) { return TakeInputData(v, o); }},
    {"zero-input", 'z', nullptr, "an old name for --input-data zero",
     [](std::string_view, Options& o) { return TakeInputData("zero", o); }},
    {"input-tensor-format", 0, "binary|json", "how tensors are sent (binary)",
     [](std::string_view v, Options& o) { return TakeWord(v, "binary", "json", o.input_is_json); }},
    {"output-tensor-format", 0, "binary|json", "how they are asked for (binary)",
     [](std::string_view v, Options& o) { return TakeWord(v, "binary", "json", o.output_is_json); }},
    {"shape", 0, "NAME:1,2,3", "the shape of an input, without its batch; again for others",
     [](std::string_view v, Options& o) { return TakeShape(v, o); }},
    {"string-length", 0, "N", "of random strings (128)",
     [](std::string_view v, Options& o) { return TakeNumber<uint64_t>(v, 0, 1 << 24, o.string_length); }},
    {"string-data", 0, "TEXT", "in place of random strings",
     [](std::string_view v, Options& o) { o.string_data = v; return Status(); }},
    {"header", 'H', "NAME:VALUE", "a header of each request; again for others",
     [](std::string_view v, Options& o) { return TakeHeader(v, o); }},
    {"csv-file", 'f', "FILE", "the results as CSV",
     [](std::string_view v, Options& o) { o.csv_file = v; return Status(); }},
    {"verbose-csv", 0, nullptr, "more columns of it",
     [](std::string_view, Options& o) { o.verbose_csv = true; return Status(); }},
    {"profile-export-file", 0, "FILE", "the times of every request as JSON",
     [](std::string_view v, Options& o) {
       if (std::filesystem::exists(v)) return InvalidArg("Path must not already exist.");
       o.export_file = v;
       return Status(); }},
    {"html", 0, "FILE", "a report with plots, in one file for a browser",
     [](std::string_view v, Options& o) { o.html_file = v; return Status(); }},
    {"json", 0, nullptr, "print JSON, for programs, when all is measured",
     [](std::string_view, Options& o) { o.json = true; return Status(); }},
    {"versus", 0, "HOST:PORT", "another server: the two take turns, and are compared",
     [](std::string_view v, Options& o) { o.versus = v; return Status(); }},
    {"collect-metrics", 0, nullptr, "the use of GPUs, too, as the server's metrics tell it",
     [](std::string_view, Options& o) { o.collect_metrics = true; return Status(); }},
    {"metrics-url", 0, "URL", "where the metrics are (the server's host, :8002/metrics)",
     [](std::string_view v, Options& o) { o.metrics_url = v; return Status(); }},
    {"metrics-interval", 0, "MS", "the time between two looks at them (1000)",
     [](std::string_view v, Options& o) { return TakeMilliseconds(v, o.metrics_interval); }},
    {"trace-level", 0, "OFF|TIMESTAMPS|TENSORS", "what the server is told to trace of requests; again for both",
     [](std::string_view v, Options& o) { return TakeTraceLevel(v, o.trace); }},
    {"trace-rate", 0, "N", "it traces each Nth request",
     [](std::string_view v, Options& o) { return TakeTraceNumber(v, 1, o.trace["trace_rate"]); }},
    {"trace-count", 0, "N", "it traces N requests and no more; -1: no end",
     [](std::string_view v, Options& o) { return TakeTraceNumber(v, -1, o.trace["trace_count"]); }},
    {"log-frequency", 0, "N", "it begins a file after N traces; 0: one file",
     [](std::string_view v, Options& o) { return TakeTraceNumber(v, 0, o.trace["log_frequency"]); }},
    {"verbose", 'v', nullptr, "a line for each window",
     [](std::string_view, Options& o) { o.verbose = true; return Status(); }},
    {"version", 0, nullptr, "say which version this is, and no more",
     [](std::string_view, Options& o) { o.wants_version = true; return Status(); }},
};
// clang-format on

}  // namespace

std::span<const OptionRow> OptionTable() { return kOptions; }

}  // namespace neso::perf
