#include "settings.h"

#include <cmath>

namespace neso::python {
namespace {

using backend::Parameters;
using backend::Result;
using backend::Status;

constexpr int64_t kMebibyte = 1 << 20;

// `complaint` ends the error of a number below `least`.
Status CheckAtLeast(const Parameters& parameters, const char* name, int64_t least, const char* complaint) {
  NESO_ASSIGN_OR_RETURN(const int64_t value, parameters.Or(name, least));
  if (value >= least) return {};
  return Status::InvalidArg(name, complaint);
}

// A number of seconds, with a fraction or without.
Result<std::chrono::milliseconds> SecondsOr(const Parameters& parameters, const char* name,
                                            std::chrono::milliseconds fallback) {
  constexpr double kLongest = 1e9;  // thirty years
  if (!parameters.Find(name)) return fallback;
  NESO_ASSIGN_OR_RETURN(const double seconds, parameters.Or(name, 0.0));
  if (!(seconds >= 0 && seconds <= kLongest)) {
    return Status::InvalidArg("parameter '", name, "': expected a number of seconds, 0 for no limit, got '",
                              parameters.Or(name, ""), "'");
  }
  return std::chrono::milliseconds(std::llround(std::ceil(seconds * 1000)));
}

Result<uint64_t> BytesOr(const Parameters& parameters, const char* name, uint64_t fallback) {
  NESO_ASSIGN_OR_RETURN(const int64_t bytes, parameters.Or(name, static_cast<int64_t>(fallback)));
  if (bytes >= 0) return static_cast<uint64_t>(bytes);
  return Status::InvalidArg("parameter '", name, "': expected a number of bytes, 0 for no limit, got '",
                            parameters.Or(name, ""), "'");
}

}  // namespace

Result<Limits> Limits::OfModel(const Parameters& parameters, const Limits& defaults) {
  Limits limits;
  NESO_ASSIGN_OR_RETURN(limits.execute, SecondsOr(parameters, "EXECUTE_TIMEOUT_SECONDS", defaults.execute));
  NESO_ASSIGN_OR_RETURN(limits.memory_byte_size,
                        BytesOr(parameters, "MEMORY_LIMIT_BYTE_SIZE", defaults.memory_byte_size));
  NESO_ASSIGN_OR_RETURN(limits.finalize, SecondsOr(parameters, "FINALIZE_TIMEOUT_SECONDS", defaults.finalize));
  return limits;
}

Result<Settings> Settings::Parse(const Parameters& parameters) {
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
  NESO_ASSIGN_OR_RETURN(settings.limits.execute, SecondsOr(parameters, "execute-timeout-seconds", {}));
  NESO_ASSIGN_OR_RETURN(settings.limits.memory_byte_size, BytesOr(parameters, "memory-limit-byte-size", 0));
  NESO_ASSIGN_OR_RETURN(settings.limits.finalize,
                        SecondsOr(parameters, "finalize-timeout-seconds", settings.limits.finalize));
  NESO_ASSIGN_OR_RETURN(settings.debugger, DebuggerAddress::Find(parameters, "debugpy", {}));
  NESO_ASSIGN_OR_RETURN(settings.install_requirements, parameters.Or("install-requirements", false));
  return settings;
}

}  // namespace neso::python
