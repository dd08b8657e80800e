#include "repository/temporary_folder.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "base/log.h"

namespace neso {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPrefix = "neso-model-";

Status WriteFile(const fs::path& root, const OverrideFile& file) {
  const fs::path relative(file.path);
  const fs::path normal = (root / relative).lexically_normal();
  const fs::path inside = normal.lexically_relative(root);
  const bool stays = !relative.is_absolute() && !inside.empty() && inside != "." && *inside.begin() != ".." &&
                     file.path.find('\0') == std::string_view::npos;
  if (!stays) {
    return InvalidArg("Invalid file parameter 'file:{}' with normalized path '{}' must stay within model directory.",
                      file.path, normal.string());
  }
  std::error_code error;
  fs::create_directories(normal.parent_path(), error);
  if (error) return Internal("failed to create directory {}: {}", normal.parent_path().string(), error.message());
  std::ofstream out(normal, std::ios::binary);
  out.write(file.contents.data(), static_cast<std::streamsize>(file.contents.size()));
  out.close();
  if (!out) return Internal("failed to write file {}: {}", normal.string(), std::strerror(errno));
  return {};
}

}  // namespace

Expected<std::shared_ptr<const TemporaryFolder>> TemporaryFolder::Create(std::span<const OverrideFile> files) {
  std::unique_ptr<ScratchFolder> scratch = ScratchFolder::Make(kPrefix);
  if (scratch == nullptr) {
    return Internal("failed to create local temp folder: {}XXXXXX, errno: {}", kPrefix, std::strerror(errno));
  }
  std::shared_ptr<const TemporaryFolder> folder(new TemporaryFolder(std::move(scratch)));
  for (const OverrideFile& file : files) RETURN_IF_ERROR(WriteFile(folder->path(), file));
  return folder;
}

TemporaryFolder::~TemporaryFolder() {
  if (const std::error_code error = folder_->Remove()) {
    LOG_WARNING("failed to remove temporary folder {}: {}", path(), error.message());
  }
}

void TemporaryFolder::RemoveAbandoned() {
  const size_t removed = ScratchFolder::RemoveAbandoned(kPrefix);
  if (removed != 0) LOG_INFO("removed {} temporary model folders of servers that did not end by themselves", removed);
}

}  // namespace neso
