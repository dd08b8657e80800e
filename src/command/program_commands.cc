#include "command/program_commands.h"

#include <memory>

#include "base/own_library.h"
#include "base/perf_entry.h"
#include "base/text.h"

namespace neso::command {
namespace {

// Named for the help; the program reads the words itself.
CLI::Option* Describe(CLI::App& app, const char* name, const char* type, const char* help) {
  return app.add_option(name)->type_name(type)->description(help);
}

void DescribeFile(CLI::App& app) { Describe(app, "--file", "FILE", "The file of --access-keys.")->required(); }

void DescribeNewKey(CLI::App& app) {
  DescribeFile(app);
  Describe(app, "--name", "NAME", "What the key is called in lists, logs and metrics.")->required();
  Describe(app, "--models", "PATTERN,...", "Models that the key opens; all unless given.");
  Describe(app, "--denied-models", "PATTERN,...", "Models that it does not open, whatever --models says.");
  Describe(app, "--operations", "NAME,...", "What it allows: all, or some of the operations; inference unless given.");
  Describe(app, "--requests-per-second", "N", "How many requests a second it allows in the long run.");
  Describe(app, "--burst", "N", "How many of them may come at once.");
  Describe(app, "--concurrent", "N", "How many requests may run at a time.");
  Describe(app, "--expires", "DAY", "The last moment of the key: 2027-01-31, or 30d for days from now.");
}

void DescribeModel(CLI::App& app, const char* what) {
  Describe(app, "MODEL", what, "The model: docs/serving-one-file.md has the kinds.")->required();
  Describe(app, "--name", "NAME", "What the model is called; after its file unless given.");
  Describe(app, "--input", "NAME=TYPE[DIMS]",
           "An input that the file does not tell, such as image=FP32[-1,3,224,224].");
  Describe(app, "--output", "NAME=TYPE[DIMS]", "An output, likewise.");
}

// As its library has them; none, where it is missing.
std::vector<PerfOption> OptionsOfPerf() {
  const Expected<const PerfEntry*> entry =
      OpenOwnLibrary<PerfEntry>("libneso_perf.so", "neso_perf_entry", "neso perf cannot be had");
  return entry ? (*entry)->options() : std::vector<PerfOption>();
}

// How `neso profile` and `neso tune` reach a server.
void DescribeServer(CLI::App& app) {
  Describe(app, "--api-key", "KEY", "The access key of each request, or @FILE with it; else NESO_API_KEY.");
  Describe(app, "--header,-H", "'NAME: VALUE'", "A header of each request; again for others.");
  Describe(app, "--cacert", "FILE", "TLS: who has to have signed the server's certificate; else NESO_CACERT.");
  Describe(app, "--cert", "FILE", "TLS: the certificate to show; else NESO_CERT.");
  Describe(app, "--cert-key", "FILE", "TLS: its private key; else NESO_CERT_KEY.");
  app.add_flag("--insecure,-k")->description("TLS: whatever certificate the server shows.");
}

}  // namespace

Action SetUpServe(CLI::App& app, const ProgramParts& /*parts*/) {
  DescribeModel(app, "FILE|FOLDER|PACKAGE");
  Describe(app, "--port", "PORT|auto",
           "The port of HTTP; gRPC and metrics have the next two. auto: some that are free.");
  Describe(app, "OPTION", "", "Options of the server, such as --http-address: neso --help lists them.");
  app.footer("Example:\n  neso serve digits.onnx");
  return {};
}

Action SetUpInit(CLI::App& app, const ProgramParts& /*parts*/) {
  DescribeModel(app, "FILE|FOLDER");
  app.add_flag("--stdout")->description("Print it instead of writing it beside the model.");
  app.add_flag("--force")->description("Replace a configuration that is there.");
  app.footer("Example:\n  neso init models/digits");
  return {};
}

Action SetUpCheck(CLI::App& app, const ProgramParts& /*parts*/) {
  Describe(app, "MODEL-FOLDER", "FOLDER", "The folder of one model in a repository.")->required();
  Describe(app, "OPTION", "", "Options of the server, such as --backend-directory: neso --help lists them.");
  app.footer("Example:\n  neso check models/digits");
  return {};
}

Action SetUpKey(CLI::App& app, const ProgramParts& /*parts*/) {
  DescribeNewKey(*app.add_subcommand("create", "Make a key and print it, once: only its hash is kept."));
  DescribeFile(*app.add_subcommand("list", "List the keys of a file."));
  CLI::App& revoke = *app.add_subcommand("revoke", "Make a key open nothing any more.");
  DescribeFile(revoke);
  Describe(revoke, "--name", "NAME", "The key.")->required();
  app.footer("Example:\n  neso key create --file=keys.json --name=team-a --models='digits*' > team-a.key");
  return {};
}

Action SetUpKeygen(CLI::App& app, const ProgramParts& /*parts*/) {
  Describe(app, "FILE", "", "Where the private key goes; the public one goes beside it.")->required();
  app.footer("Example:\n  neso keygen release-key");
  return {};
}

Action SetUpSign(CLI::App& app, const ProgramParts& /*parts*/) {
  Describe(app, "--key", "KEY-FILE", "A private key; several may sign.")->required();
  Describe(app, "MODEL-FOLDER", "FOLDER", "Folders of models.")->required()->expected(1, 1000);
  app.footer("Example:\n  neso sign --key=release-key models/digits");
  return {};
}

Action SetUpVerify(CLI::App& app, const ProgramParts& /*parts*/) {
  Describe(app, "--keys", "PUBLIC-KEY-FILE", "A public key that is trusted; there may be several.")->required();
  Describe(app, "MODEL-FOLDER", "FOLDER", "Folders of models.")->required()->expected(1, 1000);
  app.footer("Example:\n  neso verify --keys=release-key.pub models/digits");
  return {};
}

Action SetUpPerf(CLI::App& app, const ProgramParts& /*parts*/) {
  for (const PerfOption& option : OptionsOfPerf()) {
    const std::string names = Join(option.names, ",");
    if (option.argument.empty()) {
      app.add_flag(names)->description(option.help);
    } else {
      Describe(app, names.c_str(), option.argument.c_str(), option.help.c_str());
    }
  }
  app.footer("Example:\n  neso perf -m digits");
  return {};
}

Action SetUpProfile(CLI::App& app, const ProgramParts& /*parts*/) {
  Describe(app, "--model,-m", "MODEL", "The model. neso profile --help has the options in full.")->required();
  Describe(app, "--url,-u", "HOST:PORT", "The server's address for gRPC; else NESO_URL.");
  DescribeServer(app);
  Describe(app, "--concurrency", "N", "So many requests at a time.");
  Describe(app, "--request-rate", "N", "So many requests a second.");
  Describe(app, "--request-count", "N", "Exactly so many requests.");
  Describe(app, "--warmup-request-count", "N", "Requests before those that are measured.");
  Describe(app, "--measurement-interval,-p", "MS", "How long it is measured at a time.");
  Describe(app, "--input-file", "FILE", "Prompts, one a line; else they are made up.");
  Describe(app, "--num-dataset-entries", "N", "How many are made up.");
  Describe(app, "--synthetic-input-tokens-mean,--isl", "N", "How many words those have on average.");
  Describe(app, "--synthetic-input-tokens-stddev", "N", "By how much that varies.");
  Describe(app, "--random-seed", "N", "Makes up others.");
  Describe(app, "--output-tokens-mean,--osl", "N", "The most tokens of an answer.");
  Describe(app, "--extra-inputs", "NAME:VALUE", "Another input's value.");
  Describe(app, "--profile-export-file", "FILE", "The times of every token as JSON.");
  app.add_flag("--streaming")->description("Answers are streams; they are anyway.");
  app.add_flag("--json")->description("Print JSON, for programs.");
  app.footer("Example:\n  neso profile -m llama --concurrency 8");
  return {};
}

Action SetUpTune(CLI::App& app, const ProgramParts& /*parts*/) {
  Describe(app, "MODEL", "", "The model. neso tune --help has the options in full.")->required();
  Describe(app, "--model-repository", "FOLDER", "Where the model is: a server of its own is started.");
  Describe(app, "--url,-u", "HOST:PORT", "A server that runs, in control mode EXPLICIT, over HTTP or grpc://.");
  DescribeServer(app);
  Describe(app, "--output", "FOLDER", "The folder for what is found.");
  Describe(app, "--instances", "N,...", "Counts of instances to try.");
  Describe(app, "--batch-sizes", "N,...", "Largest batches to try; 0: no dynamic batching.");
  Describe(app, "--delays", "US,...", "Queue delays to try.");
  Describe(app, "--objectives", "NAME=WEIGHT,...", "What is to be good: throughput, latency, ram.");
  Describe(app, "--latency-budget", "MS", "The highest latency that is good.");
  Describe(app, "--min-throughput", "N", "The fewest inferences a second that are good.");
  Describe(app, "--max-ram", "MIB", "The most memory of the server that is good.");
  Describe(app, "--percentile", "N", "The latency that counts.");
  Describe(app, "--max-concurrency", "N", "The most requests at a time.");
  Describe(app, "--measurement-interval,-p", "MS", "How long a load is measured at a time.");
  app.add_flag("--all")->description("Try all combinations.");
  app.footer("Example:\n  neso tune digits --model-repository=models --latency-budget=20");
  return {};
}

Action SetUpTraceSummary(CLI::App& app, const ProgramParts& /*parts*/) {
  app.add_flag("--tensors")->description("Show the tensors, too, where the files have them.");
  Describe(app, "FILE", "", "Trace files.")->required()->expected(1, 1000);
  app.footer("Example:\n  neso trace-summary trace.json.0");
  return {};
}

}  // namespace neso::command
