// Whether the ports of the services are free, before models are loaded, which may take minutes.
#pragma once

#include "base/status.h"
#include "server/options.h"

namespace neso {

// Error: kUnavailable, which port, of which service, who has it as far as the system says, and what to say instead.
Status CheckPorts(const Options& options);

// Gives the services whose ports were not given, free ones: the usual ones or the next that are.
void ChoosePorts(Options& options);

}  // namespace neso
