#include "command/repository/import_source.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>
#include <vector>

#include "base/text.h"

namespace neso::command {
namespace {

struct KnownModel {
  std::string_view name, hugging_face;
};
// The names that Triton's command-line tool takes without a source.
constexpr std::array kKnown = {
    KnownModel{"llama-2-7b", "meta-llama/Llama-2-7b-hf"},
    KnownModel{"llama-2-7b-chat", "meta-llama/Llama-2-7b-chat-hf"},
    KnownModel{"llama-3-8b", "meta-llama/Meta-Llama-3-8B"},
    KnownModel{"llama-3-8b-instruct", "meta-llama/Meta-Llama-3-8B-Instruct"},
    KnownModel{"llama-3.1-8b", "meta-llama/Llama-3.1-8B"},
    KnownModel{"llama-3.1-8b-instruct", "meta-llama/Llama-3.1-8B-Instruct"},
    KnownModel{"gpt2", "gpt2"},
    KnownModel{"opt125m", "facebook/opt-125m"},
    KnownModel{"mistral-7b", "mistralai/Mistral-7B-v0.1"},
    KnownModel{"falcon-7b", "tiiuae/falcon-7b"},
};

// ORGANISATION/NAME, or NAME alone: no way to another folder, and nothing that means something to a URL.
bool IsHubName(std::string_view id) {
  const std::vector<std::string_view> parts = Split(id, '/');
  return parts.size() <= 2 && std::ranges::all_of(parts, [](std::string_view part) {
           return !part.empty() && !part.starts_with('.') && std::ranges::all_of(part, [](unsigned char c) {
             return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
           });
         });
}

std::string KnownNames() {
  std::vector<std::string> names;
  for (const KnownModel& known : kKnown) names.emplace_back(known.name);
  return Join(names, ", ");
}

}  // namespace

Expected<ImportSource> ReadImportSource(const std::string& model, const std::string& source) {
  const std::string_view text = source;
  if (text.starts_with("hf:")) {
    if (!IsHubName(text.substr(3)))
      return InvalidArg("'{}' names no model of the hub: expected such as hf:facebook/opt-125m", source);
    return ImportSource{.hugging_face = source.substr(3)};
  }
  if (text.starts_with("ngc:"))
    return Unsupported("{}: engines of TensorRT-LLM are not imported; expected a file, a folder or hf:ID", source);
  if (text.starts_with("local:")) return ImportSource{.path = source.substr(6)};
  if (!text.empty()) return ImportSource{.path = source};
  const auto known = std::ranges::find(kKnown, model, &KnownModel::name);
  if (known != kKnown.end()) return ImportSource{.hugging_face = std::string(known->hugging_face)};
  return InvalidArg("where is '{}' to come from? --source takes a file, a folder or hf:ID; without one there are {}",
                    model, KnownNames());
}

}  // namespace neso::command
