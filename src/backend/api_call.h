// What every exported function of the C ABI does around its work: no exception leaves it, null arguments are errors.
//
//   TRITONSERVER_Error* TRITONBACKEND_RequestId(TRITONBACKEND_Request* request, const char** id) {
//     return ApiCall([&]() -> Status {
//       REQUIRE_ARGUMENTS(request, id);
//       *id = AsRequest(request).id().c_str();
//       return {};
//     });
//   }
#pragma once

#include <exception>
#include <initializer_list>
#include <utility>

#include "base/status.h"
#include "core/api_error.h"

namespace neso {

template <typename Body>
TRITONSERVER_Error* ApiCall(Body&& body) noexcept {
  try {
    return MakeApiError(std::forward<Body>(body)());
  } catch (const std::exception& exception) {
    return MakeApiError(Internal("unexpected exception: {}", exception.what()));
  } catch (...) {
    return MakeApiError(Internal("unexpected exception"));
  }
}

inline bool AnyNull(std::initializer_list<const void*> pointers) {
  for (const void* pointer : pointers) {
    if (pointer == nullptr) return true;
  }
  return false;
}

// One of `count` things by its index. `what` and `owner` make the message "<owner> has 3 inputs".
inline Status CheckIndex(uint64_t index, uint64_t count, std::string_view owner, std::string_view what) {
  if (index < count) return {};
  return InvalidArg("out of bounds index {}: {} {} {}", index, owner, count, what);
}

}  // namespace neso

#define REQUIRE_ARGUMENTS(...)                                                                      \
  do {                                                                                              \
    if (::neso::AnyNull({__VA_ARGS__}))                                                             \
      return ::neso::InvalidArg("{}: unexpected null among the arguments " #__VA_ARGS__, __func__); \
  } while (false)
