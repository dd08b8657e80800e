// Where a worker lets a debugger attach: the switch `debugpy` of the command line, and DEBUGPY of a model.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "neso/backend/parameters.h"
#include "neso/backend/status.h"

namespace neso::python {

struct DebuggerAddress {
  std::string host;
  uint16_t port = 0;  // 0: any that is free

  // The switch of this name, which is "PORT", "HOST:PORT", or "no"; `fallback` if it is not there. INVALID_ARG says
  // what was expected.
  static backend::Result<std::optional<DebuggerAddress>> Find(const backend::Parameters& parameters,
                                                              std::string_view name,
                                                              const std::optional<DebuggerAddress>& fallback);
};

}  // namespace neso::python
