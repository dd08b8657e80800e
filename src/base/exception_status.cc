#include "base/exception_status.h"

#include <exception>
#include <new>
#include <stdexcept>

#include "base/log.h"
#include "base/log_throttle.h"
#include "base/memory_reserve.h"

namespace neso {

Status OutOfMemory() {
  RefillMemoryReserve();
  return Unavailable("out of memory");
}

Status StatusOfException() {
  try {
    throw;
  } catch (const std::bad_alloc&) {
    return OutOfMemory();
  } catch (const std::length_error&) {
    return OutOfMemory();
  } catch (const std::exception& exception) {
    return Internal("unexpected exception: {}", exception.what());
  } catch (...) {
    return Internal("unexpected exception");
  }
}

void LogException(const char* where) noexcept {
  static LogThrottle throttle(std::chrono::seconds(1));
  try {
    const Status error = StatusOfException();
    if (throttle.Allow()) LOG_ERROR("{}: {}", where, error.message());
  } catch (...) {
    // No memory even for the line.
  }
}

}  // namespace neso
