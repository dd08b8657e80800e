#include "server/installation.h"

#include <filesystem>

namespace neso {

std::string FolderBeside(const std::string& program, const std::string& name, const std::string& fallback) {
  const std::filesystem::path own = std::filesystem::path(program).parent_path().parent_path() / name;
  std::error_code error;
  return !program.empty() && std::filesystem::is_directory(own, error) ? own.string() : fallback;
}

std::string ProgramPath() {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error).string();
}

}  // namespace neso
