#include "base/memory_reserve.h"

#include <atomic>
#include <cstdlib>
#include <new>

namespace neso {
namespace {

// As one mapping of its own: giving it back makes room for others at once. Its pages are never touched.
constexpr size_t kReserveBytes = 4u << 20;

std::atomic<void*> g_reserve{nullptr};  // a new-handler takes no argument
std::atomic<bool> g_installed{false};

// operator new calls it and tries again, until it throws.
void GiveReserve() {
  void* const reserve = g_reserve.exchange(nullptr);
  if (reserve == nullptr) throw std::bad_alloc();
  std::free(reserve);
}

}  // namespace

void InstallMemoryReserve() {
  g_installed = true;
  RefillMemoryReserve();
  std::set_new_handler(GiveReserve);
}

void RefillMemoryReserve() noexcept {
  if (!g_installed || g_reserve.load() != nullptr) return;
  std::free(g_reserve.exchange(std::malloc(kReserveBytes)));
}

}  // namespace neso
