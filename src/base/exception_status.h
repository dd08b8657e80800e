// What a thread of ours makes of an exception: the error of that request or load, instead of the process's end.
//
//   try {
//     handler.OnRequest(exchange);
//   } catch (...) {
//     Answer(*exchange, StatusOfException());
//   }
//
// It stands at the few borders where a thread enters foreign or fallible work; nothing between them catches.
#pragma once

#include "base/status.h"

namespace neso {

// Within a catch block: OutOfMemory for std::bad_alloc and what stands for it (a length no container can have),
// kInternal with the exception's text otherwise.
Status StatusOfException();

// kUnavailable "out of memory".
Status OutOfMemory();

// Within a catch block, where nobody can be answered: one line in the log, and not one for each of many.
void LogException(const char* where) noexcept;

}  // namespace neso
