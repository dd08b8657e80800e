// Calls into code that is not ours: a plug-in's functions, an embedder's callbacks. An exception that leaves such code
// becomes an error, and the server goes on without it.
//
//   RETURN_IF_ERROR(CallForeign("TRITONBACKEND_ModelInitialize", functions.model_initialize, model));
//   LogFailure(CallForeign("the activity callback of a trace", activity_, trace, activity, now, userp));
#pragma once

#include <exception>
#include <type_traits>

#include "base/inline_host.h"
#include "base/log.h"
#include "base/status.h"
#include "core/api_error.h"

namespace neso {

// Nothing runs inline below the call: the code may wait for what it starts. A null `function` is success; so is the end
// of one that returns nothing.
template <typename Result, typename... Parameters, typename... Arguments>
Status CallForeign(const char* name, Result (*function)(Parameters...), Arguments... arguments) {
  static_assert(std::is_void_v<Result> || std::is_same_v<Result, TRITONSERVER_Error*>);
  if (function == nullptr) return {};
  NoInlineScope no_inline;
  try {
    if constexpr (std::is_void_v<Result>) {
      function(arguments...);
      return {};
    } else {
      return TakeStatus(function(arguments...));
    }
  } catch (const std::exception& exception) {
    return Internal("{} threw an exception: {}", name, exception.what());
  } catch (...) {
    return Internal("{} threw an exception", name);
  }
}

// For those who have nobody to tell.
inline void LogFailure(const Status& status) {
  if (!status.ok()) LOG_ERROR("{}", status.message());
}

}  // namespace neso
