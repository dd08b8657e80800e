// Work that leads to more work of its kind, without going deeper into the stack each time.
//
//   RunInTurn(run);   // runs it now, or, inside another's Run that came here, when that one has returned
//
// What a callback starts may answer at once, inside the call that started it, and so on for as long as a chain of
// models is: with this, a thread does one piece after the other.
#pragma once

#include "base/inline_host.h"

namespace neso {

// `work->Run()` is called on this thread. It keeps itself alive until then; an exception that leaves it is logged.
void RunInTurn(Runnable* work) noexcept;

}  // namespace neso
