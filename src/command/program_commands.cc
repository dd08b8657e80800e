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

// As their library has it; nothing, where it is missing.
PerfOutline OutlineInPerf(const std::string& command) {
  const Expected<const PerfEntry*> entry =
      OpenOwnLibrary<PerfEntry>("libneso_perf.so", "neso_perf_entry", "neso perf cannot be had");
  return entry ? (*entry)->outline(command) : PerfOutline();
}

void DescribeAsInPerf(CLI::App& app, const std::string& command) {
  const PerfOutline outline = OutlineInPerf(command);
  for (const PerfOption& option : outline.options) {
    const std::string names = Join(option.names, ",");
    if (option.argument.empty()) {
      app.add_flag(names)->description(option.help);
    } else {
      Describe(app, names.c_str(), option.argument.c_str(), option.help.c_str())->required(option.is_required);
    }
  }
  app.footer(outline.footer);
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
  DescribeAsInPerf(app, "perf");
  return {};
}

Action SetUpProfile(CLI::App& app, const ProgramParts& /*parts*/) {
  DescribeAsInPerf(app, "profile");
  return {};
}

Action SetUpTune(CLI::App& app, const ProgramParts& /*parts*/) {
  DescribeAsInPerf(app, "tune");
  return {};
}

Action SetUpTraceSummary(CLI::App& app, const ProgramParts& /*parts*/) {
  app.add_flag("--tensors")->description("Show the tensors, too, where the files have them.");
  Describe(app, "FILE", "", "Trace files.")->required()->expected(1, 1000);
  app.footer("Example:\n  neso trace-summary trace.json.0");
  return {};
}

}  // namespace neso::command
