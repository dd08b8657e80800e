// How many files and connections this process may have open.
#pragma once

namespace neso {

// Raises the limit to what the system allows: shells give a thousand by default, for programs that use select().
void RaiseDescriptorLimit();

}  // namespace neso
