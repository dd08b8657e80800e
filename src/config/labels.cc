#include "config/labels.h"

#include <algorithm>

#include "base/read_file.h"
#include "base/text.h"

namespace neso {

std::string_view Labels::Find(std::string_view output, size_t index) const {
  const auto it = labels_.find(output);
  return it != labels_.end() && index < it->second.size() ? std::string_view(it->second[index]) : std::string_view();
}

std::vector<std::string> SplitLabels(std::string_view text) {
  std::vector<std::string> labels;
  for (std::string_view line : Split(text, '\n')) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    labels.emplace_back(line);
  }
  if (labels.back().empty()) labels.pop_back();
  return labels;
}

Expected<Labels> ReadLabels(const inference::ModelConfig& config, const std::string& model_folder) {
  Labels labels;
  for (const auto& output : config.output()) {
    if (output.label_filename().empty()) continue;
    const std::string path = model_folder + "/" + output.label_filename();
    ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kMaxLabelFileBytes));
    if (static_cast<size_t>(std::count(text.begin(), text.end(), '\n')) > kMaxLabels) {
      return InvalidArg("label file {}: expected at most {} labels, one a line", path, kMaxLabels);
    }
    labels.Add(output.name(), SplitLabels(text));
  }
  return labels;
}

}  // namespace neso
