// Short turns on the processor, for programs that answer at once.
#pragma once

namespace neso {

// The calling thread, and all threads and processes that it starts from now on, will be run for turns of a tenth of a millisecond
// instead of one or some. Who has become ready, a network thread say, then soon takes the processor from who is in the middle of
// computing or loading; where nobody waits, turns follow each other. Shares of the processor stay the same. Without effect
// before Linux 6.12, and for real-time policies.
void PreferShortTurns();

}  // namespace neso
