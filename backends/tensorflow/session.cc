#include "session.h"

#include <charconv>
#include <utility>

namespace neso::tensorflow {
namespace {

Result<TfPtr<TF_SessionOptions>> MakeOptions(const std::string& config) {
  TfPtr<TF_SessionOptions> options(Tf().NewSessionOptions());
  NESO_RETURN_IF_ERROR(
      TryTf([&](TF_Status* status) { Tf().SetConfig(options.get(), config.data(), config.size(), status); }));
  return options;
}

bool IsPlaceholder(TF_Operation* operation) {
  return std::string_view(Tf().OperationOpType(operation)).starts_with("Placeholder");
}

// Calls `take` with each operation until it says that this is enough.
template <typename Take>
void ForEachOperation(TF_Graph* graph, const Take& take) {
  size_t position = 0;
  while (TF_Operation* const operation = Tf().GraphNextOperation(graph, &position)) {
    if (!take(operation)) return;
  }
}

}  // namespace

Result<std::shared_ptr<Session>> Session::LoadSavedModel(const std::string& folder, const std::string& tag,
                                                         const std::string& config) {
  NESO_ASSIGN_OR_RETURN(const TfPtr<TF_SessionOptions> options, MakeOptions(config));
  GraphPtr graph(Tf().NewGraph());
  const char* const tags[] = {tag.c_str()};
  TF_Session* session = nullptr;
  NESO_RETURN_IF_ERROR(TryTf([&](TF_Status* status) {
    session =
        Tf().LoadSessionFromSavedModel(options.get(), nullptr, folder.c_str(), tags, 1, graph.get(), nullptr, status);
  }));
  return std::shared_ptr<Session>(new Session(std::move(graph), session));
}

Result<std::shared_ptr<Session>> Session::LoadGraphDef(const std::string& bytes, const std::string& config) {
  NESO_ASSIGN_OR_RETURN(const TfPtr<TF_SessionOptions> options, MakeOptions(config));
  GraphPtr graph(Tf().NewGraph());
  const TfPtr<TF_ImportGraphDefOptions> import(Tf().NewImportGraphDefOptions());
  const TF_Buffer buffer{.data = bytes.data(), .length = bytes.size(), .data_deallocator = nullptr};
  NESO_RETURN_IF_ERROR(
      TryTf([&](TF_Status* status) { Tf().GraphImportGraphDef(graph.get(), &buffer, import.get(), status); }));
  TF_Session* session = nullptr;
  NESO_RETURN_IF_ERROR(
      TryTf([&](TF_Status* status) { session = Tf().NewSession(graph.get(), options.get(), status); }));
  std::shared_ptr<Session> loaded(new Session(std::move(graph), session));
  // What it thinks of the graph it would otherwise say at the first run.
  NESO_RETURN_IF_ERROR(TryTf([&](TF_Status* status) { Tf().ExtendSession(session, status); }));
  return loaded;
}

Session::~Session() {
  const TfPtr<TF_Status> status(Tf().NewStatus());  // whatever it says, the session is gone
  Tf().CloseSession(session_, status.get());
  Tf().DeleteSession(session_, status.get());
}

std::optional<TF_Output> Session::Find(std::string_view tensor) const {
  int index = 0;
  std::string name(tensor);
  if (const size_t colon = tensor.rfind(':'); colon != std::string_view::npos) {
    const std::string_view digits = tensor.substr(colon + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), index);
    if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    name.resize(colon);
  }
  TF_Operation* const operation = Tf().GraphOperationByName(graph_.get(), name.c_str());
  if (operation == nullptr || index < 0 || index >= Tf().OperationNumOutputs(operation)) return std::nullopt;
  return TF_Output{.oper = operation, .index = index};
}

std::vector<TensorInfo> Session::Placeholders() const {
  std::vector<TensorInfo> placeholders;
  ForEachOperation(graph_.get(), [&](TF_Operation* operation) {
    if (!IsPlaceholder(operation)) return true;
    const std::string name = Tf().OperationName(operation);
    const TF_DataType type = Tf().OperationOutputType({.oper = operation, .index = 0});
    placeholders.push_back({.key = name, .tensor = name + ":0", .type = static_cast<uint64_t>(type), .shape = {}});
    return true;
  });
  return placeholders;
}

std::string Session::OutputNames(size_t most) const {
  std::string names;
  size_t count = 0;
  ForEachOperation(graph_.get(), [&](TF_Operation* operation) {
    if (Tf().OperationNumOutputs(operation) == 0 || IsPlaceholder(operation)) return true;
    if (++count > most) {
      names += ", ...";
      return false;
    }
    names += std::string(names.empty() ? "" : ", ") + Tf().OperationName(operation);
    return true;
  });
  return names;
}

Status Session::RunOperations(std::span<const std::string> names) const {
  std::vector<const TF_Operation*> operations;
  for (const std::string& name : names) {
    operations.push_back(Tf().GraphOperationByName(graph_.get(), name.c_str()));
    if (operations.back() == nullptr) {
      return Status::InvalidArg("expected an operation of the graph to initialise with, got '", name, "'");
    }
  }
  if (operations.empty()) return {};
  return TryTf([&](TF_Status* status) {
    Tf().SessionRun(session_, nullptr, nullptr, nullptr, 0, nullptr, nullptr, 0, operations.data(),
                    static_cast<int>(operations.size()), nullptr, status);
  });
}

Result<std::vector<TensorPtr>> Session::Run(std::span<const TF_Output> inputs, std::span<TF_Tensor* const> values,
                                            std::span<const TF_Output> outputs) const {
  std::vector<TF_Tensor*> tensors(outputs.size());
  Status ran = TryTf([&](TF_Status* status) {
    Tf().SessionRun(session_, nullptr, inputs.data(), values.data(), static_cast<int>(inputs.size()), outputs.data(),
                    tensors.data(), static_cast<int>(outputs.size()), nullptr, 0, nullptr, status);
  });
  std::vector<TensorPtr> results;
  results.reserve(tensors.size());
  for (TF_Tensor* tensor : tensors) results.emplace_back(tensor);
  if (!ran.ok()) return ran;
  return results;
}

}  // namespace neso::tensorflow
