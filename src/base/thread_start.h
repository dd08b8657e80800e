// Starting a thread where the system may have none left (a limit of processes, or of address space).
//
//   if (!TryStartThread(thread, "an executor", [this] { ThreadMain(); })) return Wait();
#pragma once

#include <exception>
#include <new>
#include <system_error>
#include <thread>
#include <utility>

#include "base/alternate_stack.h"

namespace neso {

// Says, now and then, in the log that a thread for `purpose` could not be started.
void LogNoThread(const char* purpose, const std::exception& error);

// Starts `thread` with `body`. False, with a line in the log, when the system has none left; `thread` is then as
// before.
template <typename Body>
[[nodiscard]] bool TryStartThread(std::thread& thread, const char* purpose, Body&& body) {
  try {
    thread = std::thread([body = std::forward<Body>(body)]() mutable {
      const AlternateStack stack;
      body();
    });
    return true;
  } catch (const std::system_error& error) {
    LogNoThread(purpose, error);
  } catch (const std::bad_alloc& error) {  // what it is started with takes memory, too
    LogNoThread(purpose, error);
  }
  return false;
}

}  // namespace neso
