#include "settings.h"

#include <cstdint>

namespace neso::python {
namespace {

using backend::Status;

constexpr int64_t kMebibyte = 1 << 20;

// `complaint` ends the error of a number below `least`.
Status CheckAtLeast(const backend::Parameters& parameters, const char* name, int64_t least, const char* complaint) {
  NESO_ASSIGN_OR_RETURN(const int64_t value, parameters.Or(name, least));
  if (value >= least) return {};
  return Status::InvalidArg(name, complaint);
}

}  // namespace

backend::Result<Settings> Settings::Parse(const backend::Parameters& parameters) {
  NESO_RETURN_IF_ERROR(CheckAtLeast(parameters, "shm-default-byte-size", kMebibyte, " can't be smaller than 4 MiBs"));
  NESO_RETURN_IF_ERROR(CheckAtLeast(parameters, "shm-growth-byte-size", 1, " can't be smaller than or equal to zero"));
  NESO_RETURN_IF_ERROR(
      CheckAtLeast(parameters, "shm_message_queue_size", 1, " can't be smaller than or equal to zero"));
  NESO_RETURN_IF_ERROR(CheckAtLeast(parameters, "stub-timeout-seconds", 1, " can't be smaller than or equal to zero"));
  NESO_RETURN_IF_ERROR(CheckAtLeast(parameters, "thread-pool-size", 1, " can't be less than 1"));
  if (parameters.Or("shm-region-prefix-name", "neso").empty()) {
    return Status::InvalidArg("shm-region-prefix-name must at least contain one character");
  }
  Settings settings;
  settings.interpreter = parameters.Or("python-interpreter", "python3");
  return settings;
}

}  // namespace neso::python
