#include "frontend/http/explain.h"

#include <algorithm>
#include <optional>
#include <set>

#include "base/json.h"
#include "base/nearest.h"
#include "base/text.h"
#include "base/utf8.h"
#include "frontend/http/example_request.h"
#include "frontend/http/json_access.h"
#include "frontend/http/openapi.h"
#include "frontend/http/request_problems.h"

namespace neso {
namespace {

constexpr size_t kMostModels = 20;

// What the members of the object are made of.
struct Explanation {
  std::vector<std::string> problems;
  std::vector<std::string> models;  // near in name, or all
  ModelHandle described;            // whose inputs and outputs are shown
  std::string request;              // for the shell
};

bool IsInference(Endpoint endpoint) {
  return endpoint == Endpoint::kInfer || endpoint == Endpoint::kGenerate || endpoint == Endpoint::kGenerateStream;
}

const char* InferenceAction(Endpoint endpoint) {
  switch (endpoint) {
    case Endpoint::kGenerate: return "generate";
    case Endpoint::kGenerateStream: return "generate_stream";
    default: return "infer";
  }
}

// For a path of a URL that stands in a shell's line without quotes.
std::string PercentEncoded(std::string_view text) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
  std::string encoded;
  for (const char c : text) {
    if (kPlain.find(c) != std::string_view::npos) {
      encoded += c;
    } else {
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

// --- Which model was meant ---

ModelHandle FindReady(const ServedModels& models, std::string_view name, std::string_view version) {
  ModelHandle latest;
  for (const ModelHandle& model : models.ready) {
    if (model->name() != name) continue;
    if (!version.empty() && std::to_string(model->version()) == version) return model;
    if (version.empty() && (!latest || model->version() > latest->version())) latest = model;
  }
  return latest;
}

std::vector<std::string> ReadyNames(const ServedModels& models) {
  std::set<std::string> names;
  for (const ModelHandle& model : models.ready) names.insert(model->name());
  return {names.begin(), names.end()};
}

std::vector<std::string> ReadyVersions(const ServedModels& models, std::string_view name) {
  std::set<int64_t> versions;
  for (const ModelHandle& model : models.ready) {
    if (model->name() == name) versions.insert(model->version());
  }
  std::vector<std::string> texts;
  for (const int64_t version : versions) texts.push_back(std::to_string(version));
  return texts;
}

std::vector<std::string> StatesOf(const ServedModels& models, std::string_view name) {
  std::vector<std::string> texts;
  for (const ModelIndexEntry& entry : models.states) {
    if (entry.name != name || entry.state == ModelState::kReady) continue;
    texts.push_back(entry.version < 0
                        ? fmt::format("model '{}' has no version to serve", name)
                        : fmt::format("model '{}' version {} is {}{}{}", name, entry.version,
                                      ModelStateName(entry.state), entry.reason.empty() ? "" : ": ", entry.reason));
  }
  return texts;
}

// The model of the route is not ready, or there is none.
void ExplainLookup(const RefusedRequest& request, const ServedModels& models, Explanation& explanation) {
  const std::string_view name = request.route->model;
  const std::vector<std::string> versions = ReadyVersions(models, name);
  if (!versions.empty()) {
    explanation.problems.push_back(fmt::format("model '{}' is served in version {}, not in version {}", Shown(name),
                                               Join(versions, ", "), Shown(request.route->version)));
    explanation.described = FindReady(models, name, "");
    return;
  }
  explanation.problems = StatesOf(models, name);
  const std::vector<std::string> names = ReadyNames(models);
  const std::vector<std::string> nearest = NearestNames(name, names, kMostModels);
  if (explanation.problems.empty()) {
    explanation.problems.push_back(
        nearest.empty() ? fmt::format("no model '{}' is served", Shown(name))
                        : fmt::format("no model '{}' is served; did you mean '{}'?", Shown(name), nearest.front()));
  }
  explanation.models = nearest.empty() ? names : nearest;
  explanation.models.resize(std::min(explanation.models.size(), kMostModels));
  // The only model, or the one that was meant.
  const bool is_clear = !nearest.empty() || names.size() == 1;
  if (is_clear) explanation.described = FindReady(models, explanation.models.front(), "");
}

// --- Which endpoint was meant ---

struct KnownPath {
  std::vector<std::string> segments;  // "{model}" stands for any
  std::string methods;                // "GET or POST"
};

// As openapi.json has them; parsed only for somebody who asks.
std::vector<KnownPath> KnownPaths() {
  std::vector<KnownPath> paths;
  JsonDocument document;
  if (!document.Parse(kOpenApiText).ok()) return paths;
  for (const auto& path : document.root()["paths"].GetObject()) {
    if (path.value.HasMember("servers")) continue;  // on a port of its own
    KnownPath& known = paths.emplace_back();
    for (std::string_view segment : Split(JsonText(path.name).substr(1), '/')) known.segments.emplace_back(segment);
    std::vector<std::string> methods;
    if (path.value.HasMember("get")) methods.emplace_back("GET");
    if (path.value.HasMember("post")) methods.emplace_back("POST");
    known.methods = Join(methods, " or ");
  }
  return paths;
}

// `known` with what `typed` has in the places of its parameters. Empty: they differ in length.
std::string Filled(const KnownPath& known, const std::vector<std::string_view>& typed) {
  if (known.segments.size() != typed.size()) return {};
  std::string path;
  for (size_t i = 0; i < typed.size(); ++i) {
    path += '/';
    path += known.segments[i].starts_with('{') ? typed[i] : known.segments[i];
  }
  return path;
}

void ExplainPath(const RefusedRequest& request, Explanation& explanation) {
  constexpr size_t kLongestPath = 256;
  std::string_view path = request.path.substr(0, kLongestPath);
  if (path == "/metrics") {
    explanation.problems.emplace_back("metrics have a port of their own: --metrics-port, 8002 unless set");
    return;
  }
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  const std::vector<std::string_view> typed = Split(path.substr(path.starts_with('/') ? 1 : 0), '/');
  std::vector<std::string> candidates;
  for (const KnownPath& known : KnownPaths()) {
    if (std::string filled = Filled(known, typed); !filled.empty()) candidates.push_back(std::move(filled));
  }
  const std::vector<std::string> nearest = NearestNames(path, candidates, 1);
  explanation.problems.push_back(nearest.empty() ? fmt::format("no endpoint has the path '{}'", Shown(request.path))
                                                 : fmt::format("no endpoint has the path '{}'; did you mean '{}'?",
                                                               Shown(request.path), Shown(nearest.front())));
  explanation.request = fmt::format("curl {}/v2", request.base_url);
}

std::string AllowedMethods(Endpoint endpoint) {
  const bool get = AllowsMethod(endpoint, "GET");
  const bool post = AllowsMethod(endpoint, "POST");
  return get && post ? "GET or POST" : get ? "GET" : "POST";
}

// --- The rest ---

void ExplainInference(const RefusedRequest& request, const ModelHandle& model, Explanation& explanation) {
  explanation.described = model;
  if (request.status == 405) return;
  const Endpoint endpoint = request.route->endpoint;
  if (endpoint == Endpoint::kInfer && model->is_decoupled()) {
    explanation.problems.push_back(fmt::format(
        "model '{}' answers a request with any number of responses: use .../generate_stream, or ModelStreamInfer over "
        "gRPC",
        model->name()));
    return;
  }
  if (request.json.empty()) return;
  explanation.problems = endpoint == Endpoint::kInfer ? ProblemsOfInference(*model, request.json)
                                                      : ProblemsOfGenerate(*model, request.json);
}

void ExplainControl(const RefusedRequest& request, Explanation& explanation) {
  if (request.error.find("explicit model load / unload is not allowed") == std::string_view::npos) return;
  explanation.problems.emplace_back(
      "models are loaded and unloaded on request in explicit mode only: start the server with "
      "--model-control-mode=explicit, and --load-model=* for those that should be there at once");
}

// What would have been right, for an inference that can be shown.
std::string RightRequest(const RefusedRequest& request, const Model& model) {
  Endpoint endpoint = IsInference(request.route->endpoint) ? request.route->endpoint : Endpoint::kInfer;
  if (endpoint == Endpoint::kInfer && model.is_decoupled()) endpoint = Endpoint::kGenerateStream;
  const std::string url =
      fmt::format("{}/v2/models/{}/{}", request.base_url, PercentEncoded(model.name()), InferenceAction(endpoint));
  return ExampleRequest(model, url, endpoint == Endpoint::kInfer ? ExampleKind::kInfer : ExampleKind::kGenerate);
}

Explanation Explained(const RefusedRequest& request, const ServedModels& models) {
  Explanation explanation;
  const Route& route = *request.route;
  if (route.endpoint == Endpoint::kNone) {
    ExplainPath(request, explanation);
    return explanation;
  }
  if (request.status == 405) {
    explanation.problems.push_back(
        fmt::format("this path takes {}, got {}", AllowedMethods(route.endpoint), Shown(request.method)));
    explanation.request = fmt::format("curl -X {} {}{}", AllowsMethod(route.endpoint, "GET") ? "GET" : "POST",
                                      request.base_url, ShellQuoted(request.path));
  }
  if (route.endpoint == Endpoint::kRepositoryLoad || route.endpoint == Endpoint::kRepositoryUnload) {
    ExplainControl(request, explanation);
  } else if (!route.model.empty()) {
    const ModelHandle model = FindReady(models, route.model, route.version);
    if (!model) {
      ExplainLookup(request, models, explanation);
    } else if (IsInference(route.endpoint)) {
      ExplainInference(request, model, explanation);
    }
  }
  if (explanation.described) explanation.request = RightRequest(request, *explanation.described);
  return explanation;
}

// --- As JSON ---

void AppendNames(std::string& json, const char* key, const std::vector<std::string>& names) {
  json += fmt::format("\"{}\":[", key);
  for (const std::string& name : names) {
    if (json.back() != '[') json += ',';
    AppendJsonString(json, ToUtf8(name));  // it may be cut in a character, or what a client sent
  }
  json += ']';
}

void AppendTensors(std::string& json, const char* key, const Model& model, const std::vector<TensorSpec>& tensors) {
  json += fmt::format(",\"{}\":[", key);
  for (const TensorSpec& tensor : tensors) {
    if (json.back() != '[') json += ',';
    json += fmt::format(R"({{"name":{},"datatype":"{}","shape":{}{}}})", JsonQuoted(tensor.name),
                        DataTypeName(tensor.datatype), ShapeText(WireShape(model, tensor)),
                        tensor.optional ? R"(,"optional":true)" : "");
  }
  json += ']';
}

}  // namespace

std::string Explain(const RefusedRequest& request, const ServedModels& models) {
  const Explanation explanation = Explained(request, models);
  std::string json = "{";
  AppendNames(json, "problems", explanation.problems);
  if (!explanation.models.empty()) {
    json += ',';
    AppendNames(json, "models", explanation.models);
  }
  if (explanation.described) {
    json += ",\"model\":" + JsonQuoted(explanation.described->name());
    AppendTensors(json, "inputs", *explanation.described, explanation.described->inputs());
    AppendTensors(json, "outputs", *explanation.described, explanation.described->outputs());
  }
  if (!explanation.request.empty()) json += ",\"request\":" + JsonQuoted(ToUtf8(explanation.request));
  return json + ",\"see\":" + JsonQuoted(request.base_url + "/docs") + "}";
}

}  // namespace neso
