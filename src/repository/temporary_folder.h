// A model folder made from the files of a load request; gone with its last holder.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/status.h"
#include "neso/scratch_folder.h"

namespace neso {

struct OverrideFile {
  std::string_view path;  // relative to the model's folder, as in "1/model.onnx"
  std::string_view contents;
};

class TemporaryFolder final {
 public:
  // Writes `files` into a new folder below the system's folder for temporary files.
  // Errors: kInvalidArg "Invalid file parameter 'file:<path>' ... must stay within model directory."; kInternal when
  // the disk says no.
  static Expected<std::shared_ptr<const TemporaryFolder>> Create(std::span<const OverrideFile> files);
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::string& path() const { return folder_->path(); }

  // Removes what servers that were killed have left.
  static void RemoveAbandoned();

 private:
  explicit TemporaryFolder(std::unique_ptr<ScratchFolder> folder) : folder_(std::move(folder)) {}
  const std::unique_ptr<ScratchFolder> folder_;
};

}  // namespace neso
