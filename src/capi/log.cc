#include "base/log_foreign.h"

#include "capi/handles.h"

namespace {

bool IsLevel(TRITONSERVER_LogLevel level) {
  return level >= TRITONSERVER_LOG_INFO && level <= TRITONSERVER_LOG_VERBOSE;
}

}  // namespace

bool TRITONSERVER_LogIsEnabled(TRITONSERVER_LogLevel level) {
  if (level == TRITONSERVER_LOG_VERBOSE) return neso::log::IsVerboseEnabled(1);
  return IsLevel(level) && neso::log::IsEnabled(static_cast<neso::LogLevel>(level));
}

TRITONSERVER_Error* TRITONSERVER_LogMessage(TRITONSERVER_LogLevel level, const char* filename, const int line,
                                            const char* msg) {
  return neso::ApiCall([&]() -> neso::Status {
    REQUIRE_ARGUMENTS(filename, msg);
    if (!IsLevel(level)) return neso::InvalidArg("unknown logging level '{}'", static_cast<int>(level));
    if (TRITONSERVER_LogIsEnabled(level)) {
      neso::log::WriteForeign(static_cast<neso::LogLevel>(level), filename, line, msg);
    }
    return {};
  });
}
