#include "base/write_file.h"

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace neso {

Status WriteFile(const std::string& path, std::string_view text) {
  std::FILE* const file = std::fopen(path.c_str(), "we");
  const bool is_written = file != nullptr && std::fwrite(text.data(), 1, text.size(), file) == text.size();
  int error = errno;
  const bool is_closed = file != nullptr && std::fclose(file) == 0;
  if (is_written && is_closed) return {};
  if (is_written) error = errno;  // what was left of it
  return Unavailable("cannot write {}: {}", path, std::strerror(error));
}

}  // namespace neso
