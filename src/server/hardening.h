// --hardened: what is otherwise for a server among friends is set for one that strangers reach, unless the command line
// says something about it. docs/hardening.md explains each.
#pragma once

#include "base/status.h"
#include "server/option_spec.h"

namespace neso {

// Once the whole command line has been seen. Does nothing without --hardened.
Status Harden(ParseState& state);

}  // namespace neso
