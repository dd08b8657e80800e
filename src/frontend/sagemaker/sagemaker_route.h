// Which of SageMaker's endpoints a method and path name. Pure.
//
//   const SagemakerRoute route = ParseSagemakerRoute("POST", "/models/abc/invoke");   // kInvoke, "abc"
//
// Source: SageMaker's container contract (/ping, /invocations) and its extension for multi-model endpoints (/models).
#pragma once

#include <cstdint>
#include <string_view>

namespace neso {

enum class SagemakerAction : uint8_t {
  kNone,         // 400 with an empty body
  kWrongMethod,  // of /ping or /invocations: 405
  kPing,
  kInvocations,
  kListModels,
  kShowModel,
  kLoadModel,
  kUnloadModel,
  kInvoke,
};

struct SagemakerRoute {
  SagemakerAction action = SagemakerAction::kNone;
  std::string_view model;  // the name SageMaker gave it; a view into the path
};

SagemakerRoute ParseSagemakerRoute(std::string_view method, std::string_view path);

}  // namespace neso
