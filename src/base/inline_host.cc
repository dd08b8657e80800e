#include "base/inline_host.h"

#include <utility>

namespace neso {
namespace {
thread_local InlineHost* current_host = nullptr;
}

InlineHost* InlineHost::Current() { return current_host; }
InlineHost* InlineHost::Exchange(InlineHost* host) { return std::exchange(current_host, host); }

}  // namespace neso
