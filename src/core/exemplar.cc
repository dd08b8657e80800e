#include "core/exemplar.h"

#include <charconv>
#include <ctime>

namespace neso {

uint64_t UnixMilliseconds() {
  timespec now;
  clock_gettime(CLOCK_REALTIME_COARSE, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000 + static_cast<uint64_t>(now.tv_nsec) / 1'000'000;
}

std::optional<TraceKey> ParseW3cKey(std::string_view text) {
  constexpr size_t kHalf = 16;
  if (text.size() != 2 * kHalf) return {};
  const auto half = [](std::string_view digits, uint64_t& number) {
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number, 16);
    return error == std::errc() && end == digits.data() + digits.size();
  };
  TraceKey key{.high = 0, .low = 0, .is_w3c = true};
  if (!half(text.substr(0, kHalf), key.high) || !half(text.substr(kHalf), key.low)) return {};
  return key;
}

ExemplarSlots::Slot* ExemplarSlots::Slots() {
  Slot* known = slots_.load(std::memory_order_acquire);
  if (known != nullptr) return known;
  auto* const made = new Slot[count_];
  if (slots_.compare_exchange_strong(known, made, std::memory_order_acq_rel)) return made;
  delete[] made;
  return known;
}

// The words are released and acquired one by one: who sees a new word sees that its turn is odd, too, or later.
void ExemplarSlots::Put(size_t index, const Exemplar& exemplar) {
  Slot& slot = Slots()[index];
  uint64_t turn = slot.turn.load(std::memory_order_relaxed);
  if (turn % 2 != 0 || !slot.turn.compare_exchange_strong(turn, turn + 1, std::memory_order_acquire)) return;
  const uint64_t words[] = {exemplar.trace.high, exemplar.trace.low, exemplar.trace.is_w3c ? 1U : 0U, exemplar.unix_ms,
                            exemplar.value};
  for (size_t i = 0; i < slot.words.size(); ++i) slot.words[i].store(words[i], std::memory_order_release);
  slot.turn.store(turn + 2, std::memory_order_release);
}

std::optional<Exemplar> ExemplarSlots::Get(size_t index) const {
  const Slot* const slots = slots_.load(std::memory_order_acquire);
  if (slots == nullptr) return {};
  const Slot& slot = slots[index];
  for (int tries = 0; tries < 3; ++tries) {
    const uint64_t turn = slot.turn.load(std::memory_order_acquire);
    if (turn == 0) return {};
    if (turn % 2 != 0) continue;
    std::array<uint64_t, 5> words;
    for (size_t i = 0; i < words.size(); ++i) words[i] = slot.words[i].load(std::memory_order_acquire);
    if (slot.turn.load(std::memory_order_relaxed) != turn) continue;
    return Exemplar{
        .trace = {.high = words[0], .low = words[1], .is_w3c = words[2] != 0}, .unix_ms = words[3], .value = words[4]};
  }
  return {};
}

std::optional<Exemplar> Newer(const std::optional<Exemplar>& one, const std::optional<Exemplar>& other) {
  if (!one || !other) return one ? one : other;
  return one->unix_ms >= other->unix_ms ? one : other;
}

}  // namespace neso
