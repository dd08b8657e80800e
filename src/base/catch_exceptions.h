// A border for exceptions around one piece of work that gives a Status or an Expected.
//
//   Expected<ModelHandle> built = CatchExceptions([&] { return loader.Load(model, version); });
#pragma once

#include <type_traits>
#include <utility>

#include "base/exception_status.h"

namespace neso {

// What `work` gives; StatusOfException() if it throws.
template <typename Work>
std::invoke_result_t<Work> CatchExceptions(Work&& work) {
  try {
    return std::forward<Work>(work)();
  } catch (...) {
    return StatusOfException();
  }
}

}  // namespace neso
