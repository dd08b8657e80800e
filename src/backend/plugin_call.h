// Calls into a plug-in. An exception that leaves the plug-in becomes an error: the server goes on without it.
//
//   RETURN_IF_ERROR(CallPlugin("TRITONBACKEND_ModelInitialize", functions.model_initialize, model));
#pragma once

#include <exception>

#include "base/inline_host.h"
#include "base/status.h"
#include "core/api_error.h"

namespace neso {

// Nothing runs inline below the call: the plug-in may wait for what it starts. A null `function` is success.
template <typename... Parameters, typename... Arguments>
Status CallPlugin(const char* name, TRITONSERVER_Error* (*function)(Parameters...), Arguments... arguments) {
  if (function == nullptr) return {};
  NoInlineScope no_inline;
  try {
    return TakeStatus(function(arguments...));
  } catch (const std::exception& exception) {
    return Internal("{} threw an exception: {}", name, exception.what());
  } catch (...) {
    return Internal("{} threw an exception", name);
  }
}

}  // namespace neso
