// The last resort of a stop: the process ends when its time has passed, whatever hangs.
//
// The orderly stop looks at the time itself. But what it calls may block for longer, a thread that it joins may be in
// the middle of something, a disk may not answer: a timer of the system's then ends the process, without any help of
// its threads.
#pragma once

#include <chrono>

namespace neso {

// From now on the process has `time` left. Takes SIGALRM, which nobody else needs when everything ends.
void EndProcessAfter(std::chrono::milliseconds time);

}  // namespace neso
