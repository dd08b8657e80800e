// What a model is known by within the server: its name, or "<namespace>::<name>" where several repositories may have
// models of one name. A model's namespace is the path of its repository; without --model-namespacing it is empty.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "config/model_config.pb.h"

namespace neso {

inline constexpr std::string_view kNamespaceEnd = "::";

inline std::string ModelId(std::string_view name_space, std::string_view name) {
  std::string id(name_space);
  if (!id.empty()) id += kNamespaceEnd;
  return id += name;
}

// Of the model that a step of an ensemble calls.
inline std::string ModelId(const inference::ModelEnsembling::Step& step) {
  return ModelId(step.model_namespace(), step.model_name());
}

// The namespace and the name, where ids have namespaces.
inline std::pair<std::string, std::string> PartsOfId(std::string_view id) {
  const size_t end = id.rfind(kNamespaceEnd);
  if (end == std::string_view::npos) return {"", std::string(id)};
  return {std::string(id.substr(0, end)), std::string(id.substr(end + kNamespaceEnd.size()))};
}
inline std::string NameOfId(std::string_view id) { return PartsOfId(id).second; }

}  // namespace neso
