// Short turns on the processor for threads that answer at once.
#pragma once

namespace neso {

// The calling thread will be run for shorter turns than others, and therefore sooner when it becomes ready: Linux lets it go before
// threads in the middle of longer turns, such as those that load models or compute. Its share of the processor stays the same.
// Threads and processes that it starts have the usual turns. Without effect before Linux 6.12, for threads of real-time policies,
// and for those of a negative nice value, which go first as it is.
void PreferShortTurns();

}  // namespace neso
