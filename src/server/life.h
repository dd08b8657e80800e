// What becomes of a server that serves: it stops when it is asked to, or when a new process has taken over.
//
//   const End end = ServeUntilEnd(*signals, services, manager, arguments);
#pragma once

#include <string>
#include <vector>

#include "server/service_manager.h"
#include "server/services.h"
#include "server/signals.h"

namespace neso {

enum class End {
  kAsked,      // by a signal
  kTakenOver,  // another process accepts the connections by now
};

// `arguments` are those of the process, for a new one. A new process that does not come to serve changes nothing.
End ServeUntilEnd(const Signals& signals, Services& services, ServiceManager& manager,
                  const std::vector<std::string>& arguments);

}  // namespace neso
