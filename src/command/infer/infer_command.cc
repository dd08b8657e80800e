#include "command/infer/infer_command.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include "base/nearest.h"
#include "base/text.h"
#include "base/write_file.h"
#include "command/asked_over_http.h"
#include "command/infer/answer_json.h"
#include "command/infer/generate_call.h"
#include "command/infer/grpc_infer.h"
#include "command/infer/infer_call.h"
#include "command/infer/input_words.h"
#include "command/infer/npy.h"
#include "command/infer/tensor_lines.h"
#include "command/say.h"

namespace neso::command {
namespace {

constexpr size_t kMostShown = 16;

struct InferWords {
  Asking asking;
  std::string model, version, id;
  std::vector<std::string> inputs, outputs;
  std::vector<std::string> shape_words, parameter_words;  // as they were typed; ReadWords makes the next two of them
  std::map<std::string, Shape> shapes;
  std::vector<std::pair<std::string, std::string>> parameters;
  std::string scaling = "none", fill = "none", form = "table", folder = ".";
  std::optional<std::string> prompt;
  unsigned classes = 0;
  bool all = false;
};

ImageScaling ScalingOf(const std::string& name) {
  if (name == "unit") return ImageScaling::kUnit;
  if (name == "symmetric") return ImageScaling::kSymmetric;
  return name == "imagenet" ? ImageScaling::kImagenet : ImageScaling::kNone;
}

// "x:2,3"
Status TakeShape(const std::string& word, std::map<std::string, Shape>& shapes) {
  Status bad = InvalidArg("--shape {}: expected NAME:SIZES, such as image:3,224,224", word);
  const size_t colon = word.rfind(':');
  if (colon == std::string::npos || colon == 0) return bad;
  Shape& shape = shapes[word.substr(0, colon)];
  for (const std::string_view size : Split(std::string_view(word).substr(colon + 1), ',')) {
    int64_t number = 0;
    const auto [end, error] = std::from_chars(size.data(), size.data() + size.size(), number);
    if (error != std::errc() || end != size.data() + size.size() || number < 0) return bad;
    shape.push_back(number);
  }
  return {};
}

// "priority=1"
Status TakeParameter(const std::string& word, std::vector<std::pair<std::string, std::string>>& parameters) {
  const size_t equals = word.find('=');
  if (equals == std::string::npos || equals == 0)
    return InvalidArg("--parameter {}: expected NAME=VALUE, such as priority=1", word);
  parameters.emplace_back(word.substr(0, equals), word.substr(equals + 1));
  if (parameters.back().first != kBinaryOutput) return {};
  return InvalidArg("--parameter {}: it is the command's own; --output says how outputs are shown", kBinaryOutput);
}

Status ReadWords(InferWords& words) {
  for (const std::string& word : words.shape_words) RETURN_IF_ERROR(TakeShape(word, words.shapes));
  for (const std::string& word : words.parameter_words) RETURN_IF_ERROR(TakeParameter(word, words.parameters));
  return {};
}

Expected<InputOptions> OptionsOf(const InferWords& words) {
  InputOptions options{.shapes = words.shapes, .scaling = ScalingOf(words.scaling), .prompt = words.prompt};
  if (words.fill != "none") options.fill = words.fill == "zero" ? Fill::kZero : Fill::kRandom;
  if (ReadsStandardInput(words.inputs))
    options.standard_input.assign(std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>());
  return options;
}

Status TakeOutputs(const InferWords& words, const ModelFacts& facts, InferQuestion& question) {
  std::vector<std::string> known;
  for (const TensorFacts& output : facts.outputs) known.push_back(output.name);
  for (const std::string& name : words.outputs) {
    if (std::ranges::find(known, name) != known.end()) continue;
    const std::vector<std::string> meant = NearestNames(name, known);
    return InvalidArg("'{}' has no output '{}'{}; its outputs are {}", facts.name, name,
                      meant.empty() ? "" : "; did you mean " + Join(meant, " or ") + "?", Join(known, ", "));
  }
  question.outputs = words.outputs;
  // Only outputs that are named can be classified.
  if (words.classes > 0 && question.outputs.empty()) question.outputs = known;
  question.classes = words.classes;
  return {};
}

Expected<InferQuestion> QuestionOf(const InferWords& words, const ModelFacts& facts) {
  InferQuestion question{
      .model = words.model, .version = words.version, .id = words.id, .parameters = words.parameters};
  ASSIGN_OR_RETURN(const InputOptions options, OptionsOf(words));
  ASSIGN_OR_RETURN(question.inputs, ReadInputs(words.inputs, facts, options));
  RETURN_IF_ERROR(TakeOutputs(words, facts, question));
  return question;
}

// An output's name may be anything.
std::string FileNameOf(const std::string& output) {
  std::string name = output;
  std::ranges::replace(name, '/', '_');
  return name + ".npy";
}

Status WriteFiles(const InferAnswer& answer, const std::string& folder) {
  std::error_code failure;
  std::filesystem::create_directories(folder, failure);
  if (failure) return Unavailable("--folder: cannot make '{}': {}", folder, failure.message());
  for (const Tensor& output : answer.outputs) {
    ASSIGN_OR_RETURN(const std::string bytes, WriteNpy(output));
    const std::string path = folder + "/" + FileNameOf(output.name);
    RETURN_IF_ERROR(WriteFile(path, bytes));
    Say(fmt::format("{} {} {}\n", path, output.TypeName(), ShapeText(output.shape)));
  }
  return {};
}

Status SayLine(const Expected<std::string>& json) {
  RETURN_IF_ERROR(json.status());
  SayJson(*json);
  return {};
}

// As --output says.
Status Show(const InferWords& words, const InferAnswer& answer) {
  if (words.form == "json") return SayLine(AnswerJson(answer));
  if (words.form == "npy") return WriteFiles(answer, words.folder);
  for (const Tensor& output : answer.outputs) {
    ASSIGN_OR_RETURN(const std::string lines,
                     TensorLines(output, words.all ? std::numeric_limits<size_t>::max() : kMostShown));
    Say(lines);
  }
  return {};
}

// What a model with any number of answers cannot be asked for.
Status CheckMayBeMany(const InferWords& words, bool is_grpc) {
  if (words.form == "npy") {
    return InvalidArg("--output npy: '{}' may answer more than once, and its answers are lines of JSON", words.model);
  }
  if (is_grpc || (words.outputs.empty() && words.classes == 0)) return {};
  return InvalidArg(
      "{}: HTTP's way to ask '{}', which may answer more than once, has no such choice; ask over gRPC: {}",
      words.classes > 0 ? "--classes" : "--only", words.model, "--url grpc://HOST:8001");
}

// All its answers, each a line of JSON as soon as it comes.
Status AskDecoupled(AskedOverHttp& server, const InferQuestion& question, size_t max_event_bytes) {
  ASSIGN_OR_RETURN(client::HttpCall call, WriteGenerate(question));
  EventReader events(SayJson, max_event_bytes);
  Status told;
  const Expected<client::HttpAnswer> answer = server.Call(std::move(call), [&](std::string_view more) {
    told = events.Add(more);
    return told.ok() && CheckOutput().ok();  // a reader that has gone wants no more
  });
  RETURN_IF_ERROR(told);
  RETURN_IF_ERROR(answer.status());
  return answer->status == 200 ? events.End() : AskedOverHttp::ErrorOf(*answer);
}

Status Ask(const InferWords& words, AskedOverHttp server) {
  ASSIGN_OR_RETURN(const ModelFacts facts, AskModel(server, words.model, words.version));
  ASSIGN_OR_RETURN(const InferQuestion question, QuestionOf(words, facts));
  if (facts.is_decoupled) {
    RETURN_IF_ERROR(CheckMayBeMany(words, /*is_grpc=*/false));
    return AskDecoupled(server, question, words.asking.max_answer_mib << 20);
  }
  ASSIGN_OR_RETURN(const client::HttpAnswer raw, server.Call(WriteInfer(question)));
  if (raw.status != 200) return AskedOverHttp::ErrorOf(raw);
  ASSIGN_OR_RETURN(const InferAnswer answer, ReadInferAnswer(raw));
  return Show(words, answer);
}

Status Ask(const InferWords& words, AskedOverGrpc server) {
  ASSIGN_OR_RETURN(const ModelFacts facts, AskModel(server, words.model, words.version));
  ASSIGN_OR_RETURN(const InferQuestion question, QuestionOf(words, facts));
  if (facts.is_decoupled) {
    RETURN_IF_ERROR(CheckMayBeMany(words, /*is_grpc=*/true));
    const Status told = InferForMany(server, question, [](const InferAnswer& answer) -> Status {
      RETURN_IF_ERROR(SayLine(EventJson(answer)));
      return CheckOutput();
    });
    return CheckOutput().ok() ? told : Status();  // what is wrong with the output is told in the end
  }
  ASSIGN_OR_RETURN(const InferAnswer answer, InferOverGrpc(server, question));
  return Show(words, answer);
}

Expected<int> Infer(const InferWords& words) {
  ASSIGN_OR_RETURN(ServerAccess access, AccessOf(words.asking));
  RETURN_IF_ERROR(access.protocol == client::Protocol::kGrpc ? Ask(words, AskedOverGrpc(std::move(access)))
                                                             : Ask(words, AskedOverHttp(std::move(access))));
  return kDone;
}

}  // namespace

Action SetUpInfer(CLI::App& app, const ProgramParts& /*parts*/) {
  auto words = std::make_shared<InferWords>();
  words->asking.max_answer_mib = 1024;  // tensors
  app.add_option("MODEL,-m,--model", words->model, "The model.")->required();
  app.add_option("INPUT", words->inputs,
                 "NAME=VALUE: 1,2,3 or [[1,2],[3,4]]; @FILE with a .npy array, a JPEG or PNG picture, or text; - for "
                 "standard input. Without NAME= where one input is enough; again for a larger batch.")
      ->type_name("NAME=VALUE");
  app.add_option("--version", words->version, "A version of the model.")->type_name("N");
  app.add_option("--id", words->id, "What the request is called in traces and in the answer.");
  app.add_option("--shape", words->shape_words,
                 "The shape of an input's values, such as image:3,224,224; again for others.")
      ->type_name("NAME:SIZES")
      ->allow_extra_args(false);
  app.add_option(
         "--scaling", words->scaling,
         "What pictures become: 0 to 255 as they are, 0 to 1, -1 to 1, or as networks trained on ImageNet take them.")
      ->check(CLI::IsMember({"none", "unit", "symmetric", "imagenet"}));
  app.add_option("--prompt", words->prompt, "The text for a language model; what else it wants has its usual value.")
      ->type_name("TEXT");
  app.add_option("--fill", words->fill, "What inputs that are not given are filled with.")
      ->check(CLI::IsMember({"none", "zero", "random"}));
  app.add_option("--classes", words->classes, "The best N classes of each output, with their labels.")->type_name("N");
  app.add_option("--only", words->outputs, "An output to ask for instead of all; again for others.")
      ->type_name("NAME")
      ->allow_extra_args(false);
  app.add_option("--parameter", words->parameter_words,
                 "A parameter of the request, such as priority=1; again for others.")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  app.add_option("-o,--output", words->form, "How outputs are shown: as a table, as JSON, or written into NAME.npy.")
      ->check(CLI::IsMember({"table", "json", "npy"}));
  app.add_option("--folder", words->folder, "Where --output npy writes; made where it is missing.");
  app.add_flag("--all", words->all, "All values, not only the first of each row.");
  AddAskingOptions(app, words->asking, [words] { return ReadWords(*words); });
  app.footer(
      "Example:\n  neso infer digits pixels=@digit.npy\n  neso infer resnet @cat.jpg --scaling imagenet --classes 3\n"
      "  echo 1,2,3 | neso infer sum x=-\n"
      "  neso infer digits pixels=@digit.npy --url grpc://localhost:8001");
  return [words] {
    if (words->asking.json) words->form = "json";
    return Infer(*words);
  };
}

}  // namespace neso::command
