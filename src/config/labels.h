// Class labels of outputs: files with one label a line, named by `label_filename` inside the model's folder.
//
//   ASSIGN_OR_RETURN(Labels labels, ReadLabels(config, "/models/digits"));
//   std::string_view text = labels.Find("scores", 3);   // "" if there is none
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "config/model_config.pb.h"

namespace neso {

// Thread-compatible; immutable when filled.
class Labels {
 public:
  void Add(std::string output, std::vector<std::string> labels) { labels_[std::move(output)] = std::move(labels); }
  // The label of class `index`, or "" if the output or the index has none.
  std::string_view Find(std::string_view output, size_t index) const;
  bool Has(std::string_view output) const { return labels_.find(output) != labels_.end(); }
  const std::map<std::string, std::vector<std::string>, std::less<>>& by_output() const { return labels_; }

 private:
  std::map<std::string, std::vector<std::string>, std::less<>> labels_;
};

// One label a line; a carriage return before the end of line does not belong to it, nor does a last empty line.
std::vector<std::string> SplitLabels(std::string_view text);

// More than any vocabulary in use; they bound what a wrong file can cost.
inline constexpr size_t kMaxLabelFileBytes = size_t{16} << 20;
inline constexpr size_t kMaxLabels = 1'000'000;

// Reads the label files of all outputs. Precondition: ValidateModelFiles.
// Errors: those of ReadFile; kInvalidArg for more than kMaxLabels lines.
Expected<Labels> ReadLabels(const inference::ModelConfig& config, const std::string& model_folder);

}  // namespace neso
