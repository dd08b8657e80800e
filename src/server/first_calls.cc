#include "server/first_calls.h"

#include <fmt/format.h>

#include <vector>

#include "base/percent.h"
#include "base/text.h"
#include "frontend/http/example_request.h"
#include "frontend/http/python_example.h"

namespace neso {
namespace {

constexpr size_t kMostModels = 3;

template <typename Tensors>
std::string TensorTexts(const Model& model, const Tensors& tensors) {
  std::vector<std::string> texts;
  for (const TensorSpec& tensor : tensors) {
    texts.push_back(
        fmt::format("{} {} {}", tensor.name, DataTypeName(tensor.datatype), ShapeText(WireShape(model, tensor))));
  }
  return Join(texts, ", ");
}

// What a client on this machine calls the address.
std::string Host(const std::string& address) {
  if (address == "0.0.0.0" || address == "127.0.0.1" || address == "::") return "localhost";
  return address.find(':') == std::string::npos ? address : "[" + address + "]";
}

std::string CallsOf(const Model& model, const Options& options) {
  const std::string address = fmt::format("{}:{}", Host(options.http.address), options.http.port);
  const bool is_decoupled = model.config().model_transaction_policy().decoupled();
  const std::string url = fmt::format("{}://{}/v2/models/{}/{}", options.http.tls.use ? "https" : "http", address,
                                      EncodePercents(model.name()), is_decoupled ? "generate_stream" : "infer");
  std::string text = fmt::format("model '{}' is ready\n  inputs   {}\n  outputs  {}\n", model.name(),
                                 TensorTexts(model, model.inputs()), TensorTexts(model, model.outputs()));
  const std::string line = ExampleRequest(model, url, is_decoupled ? ExampleKind::kGenerate : ExampleKind::kInfer);
  if (!line.empty()) text += fmt::format("\nask it from a shell:\n\n{}\n", line);
  const std::string program = options.http.tls.use ? "" : PythonExample(model, address);
  if (!program.empty()) text += fmt::format("\nor in Python:\n\n{}", program);
  return text;
}

std::string Addresses(const Options& options) {
  std::vector<std::string> texts;
  const auto add = [&](bool allow, const char* service, const std::string& address, int port) {
    if (allow) texts.push_back(fmt::format("{} {}:{}", service, Host(address), port));
  };
  add(options.http.allow, "HTTP", options.http.address, options.http.port);
  add(options.grpc.allow, "gRPC", options.grpc.address, options.grpc.port);
  return Join(texts, ", ");
}

}  // namespace

std::string FirstCalls(const InferenceServer& server, const Options& options) {
  const std::vector<ModelHandle> models = server.ReadyModels();
  std::string text;
  for (size_t i = 0; i < models.size() && i < kMostModels && options.http.allow; ++i) {
    text += CallsOf(*models[i], options) + "\n";
  }
  if (models.size() > kMostModels) text += fmt::format("and {} more models\n", models.size() - kMostModels);
  return text + "serving at " + Addresses(options) +
         "; what is written to the model is served when it has loaded; Ctrl-C ends\n";
}

}  // namespace neso
