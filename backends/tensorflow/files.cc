#include "files.h"

#include <cstdint>
#include <filesystem>
#include <limits>

#include "neso/backend/read_file.h"

namespace neso::tensorflow {

using backend::Result;
using backend::Status;

Result<std::string> ReadModelFile(const std::string& path) {
  std::error_code error;
  const uintmax_t size = std::filesystem::file_size(path, error);
  if (!error && size > std::numeric_limits<int32_t>::max()) {
    return Status::InvalidArg("unable to read '", path, "': expected at most 2 GiB, got ", size, " bytes");
  }
  return backend::ReadWholeFile(path);
}

}  // namespace neso::tensorflow
