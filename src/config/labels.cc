#include "config/labels.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "base/text.h"

namespace neso {
namespace {

Expected<std::string> ReadTextFile(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), &std::fclose);
  if (!file) return Internal("failed to open text file for read {}: {}", path, std::strerror(errno));
  std::string text;
  std::array<char, 65536> chunk;
  while (const size_t count = std::fread(chunk.data(), 1, chunk.size(), file.get())) text.append(chunk.data(), count);
  if (std::ferror(file.get()) != 0) return Internal("failed to read text file {}: {}", path, std::strerror(errno));
  return text;
}

}  // namespace

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

bool StaysInside(std::string_view relative) {
  int depth = 0;
  for (const std::string_view part : Split(relative, '/')) {
    if (part.empty() || part == ".") continue;
    depth += part == ".." ? -1 : 1;
    if (depth < 0) return false;
  }
  return true;
}

Expected<Labels> ReadLabels(const inference::ModelConfig& config, const std::string& model_folder) {
  Labels labels;
  for (const auto& output : config.output()) {
    if (output.label_filename().empty()) continue;
    if (!StaysInside(output.label_filename())) {
      return Unsupported("label_filename '{}' of output '{}' must stay inside the directory of model '{}'",
                         output.label_filename(), output.name(), config.name());
    }
    const std::string path = model_folder + "/" + output.label_filename();
    ASSIGN_OR_RETURN(const std::string text, ReadTextFile(path));
    labels.Add(output.name(), SplitLabels(text));
  }
  return labels;
}

}  // namespace neso
