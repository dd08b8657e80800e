// The answer of functions whose capability this server does not have.
#pragma once

#include "backend/api_call.h"

namespace neso {

inline TRITONSERVER_Error* AnswerUnsupported(const char* function, const char* capability) {
  return ApiCall([&]() -> Status { return Unsupported("{}: this server has no {}", function, capability); });
}

}  // namespace neso
