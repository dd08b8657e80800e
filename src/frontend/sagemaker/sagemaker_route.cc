#include "frontend/sagemaker/sagemaker_route.h"

namespace neso {
namespace {

SagemakerAction IfMethod(std::string_view method, std::string_view expected, SagemakerAction action) {
  return method == expected ? action : SagemakerAction::kWrongMethod;
}

SagemakerAction CollectionAction(std::string_view method) {
  if (method == "GET") return SagemakerAction::kListModels;
  if (method == "POST") return SagemakerAction::kLoadModel;
  return SagemakerAction::kNone;
}

SagemakerAction ModelAction(std::string_view method, std::string_view rest) {
  if (rest == "/invoke") return method == "POST" ? SagemakerAction::kInvoke : SagemakerAction::kNone;
  if (!rest.empty()) return SagemakerAction::kNone;
  if (method == "GET") return SagemakerAction::kShowModel;
  if (method == "DELETE") return SagemakerAction::kUnloadModel;
  return SagemakerAction::kNone;
}

}  // namespace

SagemakerRoute ParseSagemakerRoute(std::string_view method, std::string_view path) {
  constexpr std::string_view kModels = "/models";
  if (path == "/ping") return {IfMethod(method, "GET", SagemakerAction::kPing), {}};
  if (path == "/invocations") return {IfMethod(method, "POST", SagemakerAction::kInvocations), {}};
  if (!path.starts_with(kModels)) return {};
  path.remove_prefix(kModels.size());
  if (path.empty() || path == "/") return {CollectionAction(method), {}};
  if (path.front() != '/') return {};
  path.remove_prefix(1);
  const std::string_view model = path.substr(0, path.find('/'));
  if (model.empty()) return {};
  return {ModelAction(method, path.substr(model.size())), model};
}

}  // namespace neso
