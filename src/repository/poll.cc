#include "repository/poll.h"

#include "base/log.h"
#include "config/complete.h"
#include "config/parse.h"
#include "config/validate.h"
#include "config/versions.h"
#include "repository/layout_hint.h"

namespace neso {
namespace {

Expected<inference::ModelConfig> ConfigOf(const FolderSnapshot& folder, const PollOptions& options) {
  if (folder.config_text) return ParseModelConfigText(*folder.config_text, folder.config_path);
  if (options.auto_complete) return inference::ModelConfig();
  return Internal("failed to open text file for read {}: No such file or directory", folder.config_path);
}

}  // namespace

Expected<PolledModel> PollModel(const FolderSnapshot& folder, const std::string& name, bool name_is_mapped,
                                const PollOptions& options,
                                const std::optional<inference::ModelConfig>& config_override) {
  PolledModel model;
  model.name = name;
  model.location = folder.path;
  model.config_given = folder.config_text.has_value() || config_override.has_value();
  model.config_override = config_override;
  model.files_fingerprint = folder.files_fingerprint;
  model.folder_fingerprint = folder.Fingerprint();
  model.look = LookOf(folder);
  if (config_override) {
    model.config = *config_override;
  } else {
    ASSIGN_OR_RETURN(model.config, ConfigOf(folder, options));
  }
  if (name_is_mapped) model.config.set_name(name);

  RETURN_IF_ERROR(CompleteModelConfig({.name = name, .first_version = folder.first_version}, model.config));
  NormalizeModelConfig(model.config);
  RETURN_IF_ERROR(ValidateAtPoll(model.config, name, options.auto_complete));

  const FolderVersions found = ParseVersionFolders(name, folder.subfolder_names);
  for (const std::string& warning : found.warnings) LOG_WARNING("{}", warning);
  for (const auto& [subfolder, content] : folder.subfolders) {
    const std::optional<int64_t> version = ParseVersionFolder(subfolder);
    if (version && found.versions.contains(*version)) {
      model.versions[*version] = content;
    } else {
      model.files_fingerprint += content.fingerprint;
    }
  }
  if (model.versions.empty()) model.layout_hint = ModelFolderHint(folder);
  return model;
}

}  // namespace neso
