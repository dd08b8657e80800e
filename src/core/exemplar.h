// Examples of what a metric counts: the trace of one request, by which somebody finds out why it was slow, or failed.
//
//   ExemplarSlots slots(2);
//   slots.Put(1, {.trace = trace->key(), .unix_ms = UnixMilliseconds(), .value = 1'500'000});
//   if (const std::optional<Exemplar> newest = slots.Get(1)) ...
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace neso {

// By what a trace is found: its W3C trace id, or its number in the trace file.
struct TraceKey {
  uint64_t high = 0, low = 0;  // a number is in `low`
  bool is_w3c = false;
};

// That of a W3C trace id, 32 hexadecimal digits; nothing if it is something else.
std::optional<TraceKey> ParseW3cKey(std::string_view text);

struct Exemplar {
  TraceKey trace;
  uint64_t unix_ms = 0;  // when it was observed
  uint64_t value = 0;    // in the unit of what it is an example of
};

// As of the kernel's last tick, some milliseconds ago: that costs a fifth of the exact time.
uint64_t UnixMilliseconds();

// The newest exemplar of each of some counts. Thread-safe; nobody waits: of two that come at the same time one is
// dropped, and a reader who meets a writer time and again sees none. Takes memory only once something was put.
class ExemplarSlots {
 public:
  explicit ExemplarSlots(size_t count) : count_(count) {}
  ~ExemplarSlots() { delete[] slots_.load(); }
  ExemplarSlots(const ExemplarSlots&) = delete;
  ExemplarSlots& operator=(const ExemplarSlots&) = delete;

  size_t size() const { return count_; }
  // Precondition: index < size().
  void Put(size_t index, const Exemplar& exemplar);
  std::optional<Exemplar> Get(size_t index) const;

 private:
  // A sequence lock: `turn` is odd while the words change, and 0 before the first time.
  struct Slot {
    std::atomic<uint64_t> turn{0};
    std::array<std::atomic<uint64_t>, 5> words{};
  };
  Slot* Slots();

  const size_t count_;
  std::atomic<Slot*> slots_{nullptr};
};

// Which of the two is newer; either may be missing.
std::optional<Exemplar> Newer(const std::optional<Exemplar>& one, const std::optional<Exemplar>& other);

}  // namespace neso
