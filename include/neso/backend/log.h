// Messages to the server's log, with the file and line they come from.
//
//   NESO_LOG_INFO("loaded '", name, "' with ", threads, " threads");
#pragma once

#include "neso/backend/status.h"
#include "neso/backend/text.h"
#include "triton/core/tritonserver.h"

// Nothing is formatted for a level that is turned off. A message that cannot be written is dropped.
#define NESO_LOG(level, ...)                                                                                 \
  do {                                                                                                       \
    if (TRITONSERVER_LogIsEnabled(level)) {                                                                  \
      (void)::neso::backend::Status(                                                                         \
          TRITONSERVER_LogMessage(level, __FILE__, __LINE__, ::neso::backend::Concat(__VA_ARGS__).c_str())); \
    }                                                                                                        \
  } while (false)

#define NESO_LOG_INFO(...) NESO_LOG(TRITONSERVER_LOG_INFO, __VA_ARGS__)
#define NESO_LOG_WARNING(...) NESO_LOG(TRITONSERVER_LOG_WARN, __VA_ARGS__)
#define NESO_LOG_ERROR(...) NESO_LOG(TRITONSERVER_LOG_ERROR, __VA_ARGS__)
#define NESO_LOG_VERBOSE(...) NESO_LOG(TRITONSERVER_LOG_VERBOSE, __VA_ARGS__)

// For a place that cannot return an error.
#define NESO_LOG_IF_ERROR(expression, ...)                                    \
  do {                                                                        \
    if (::neso::backend::Status neso_status{expression}; !neso_status.ok()) { \
      NESO_LOG_ERROR(__VA_ARGS__, ": ", neso_status.message());               \
    }                                                                         \
  } while (false)
