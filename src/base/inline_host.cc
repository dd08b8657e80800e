#include "base/inline_host.h"

#include <utility>

namespace neso {
namespace {
thread_local InlineHost* current_host = nullptr;
thread_local InlineHost* host_of_thread = nullptr;
}  // namespace

InlineHost* InlineHost::Current() { return current_host; }
InlineHost* InlineHost::OfThread() { return host_of_thread; }
void InlineHost::SetOfThread(InlineHost* host) { host_of_thread = host; }
InlineHost* InlineHost::Exchange(InlineHost* host) { return std::exchange(current_host, host); }

}  // namespace neso
