// CHECK(condition, "why it must hold"): a broken invariant stops the process with its reason. Never for bad input.
#pragma once

namespace neso {
[[noreturn]] void CheckFailed(const char* file, int line, const char* condition, const char* why);
}

#define CHECK(condition, why)                                   \
  do {                                                          \
    if (!(condition)) [[unlikely]]                              \
      ::neso::CheckFailed(__FILE__, __LINE__, #condition, why); \
  } while (false)
