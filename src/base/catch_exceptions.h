// The border at which exceptions of libraries and of the allocator become errors of what was to be done.
//
//   return CatchExceptions("loading", [&] { return loader.Load(model, version); });
#pragma once

#include <exception>
#include <new>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

#include "base/status.h"

namespace neso {

// Runs `work`, which gives a Status or an Expected. `doing` says what in the error's text: "loading".
// Errors: those of `work`; kUnavailable when the system had no memory or no thread left, kInternal otherwise.
template <typename Work>
std::invoke_result_t<Work> CatchExceptions(std::string_view doing, Work&& work) {
  try {
    return std::forward<Work>(work)();
  } catch (const std::bad_alloc&) {
    return Unavailable("{} failed: not enough memory", doing);
  } catch (const std::length_error&) {  // of containers: as much memory as no machine has
    return Unavailable("{} failed: not enough memory", doing);
  } catch (const std::system_error& error) {
    return Unavailable("{} failed: {}", doing, error.what());
  } catch (const std::exception& error) {
    return Internal("{} failed: {}", doing, error.what());
  } catch (...) {
    return Internal("{} failed with an unknown exception", doing);
  }
}

}  // namespace neso
