// What the client of one connection makes the server keep, by kind, and how much of it it may.
//
//   if (!account.TryAdd(ClientAccount::kHeads, bytes)) return Reset(stream, NGHTTP2_ENHANCE_YOUR_CALM);
//   ...
//   account.Remove(ClientAccount::kHeads, bytes);
//
// A few bytes on the wire can stand for many here: fields that HPACK repeats, answers whose window stays closed. All of
// it passes through Add and Remove, so that a budget for the process has one place to look. Thread-safe: a request is
// let go by whoever lets go of it last.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>

#include "base/clock.h"
#include "net/service_limits.h"

namespace neso::net {

// When a client last took some of what waits for it. Thread-safe.
class LastRead {
 public:
  void Note() { at_.store(CoarseNow(), std::memory_order_relaxed); }
  // Longer than what a lossy network takes to go on, and than a pause of a client's garbage collector.
  bool IsRecent() const { return CoarseNow() - at_.load(std::memory_order_relaxed) < std::chrono::seconds(1); }

 private:
  std::atomic<TimePoint> at_{};
};

class ClientAccount {
 public:
  enum Kind {
    kHeads,       // of requests that are open
    kUnfinished,  // of bodies and messages, until all of them has come and somebody takes them
    kUnread,      // of answers that wait for a window or for room in the socket (UnreadMeter)
  };

  explicit ClientAccount(const ServiceLimits& limits)
      : limits_{limits.max_open_head_bytes, limits.max_unfinished_bytes, limits.max_unread_bytes} {}
  ClientAccount(const ClientAccount&) = delete;
  ClientAccount& operator=(const ClientAccount&) = delete;

  void Add(Kind kind, size_t bytes) { held_[kind].fetch_add(bytes, std::memory_order_relaxed); }
  void Remove(Kind kind, size_t bytes) { held_[kind].fetch_sub(bytes, std::memory_order_relaxed); }
  // False, and nothing is added, when it would be more than is allowed.
  bool TryAdd(Kind kind, size_t bytes) {
    if (held_[kind].fetch_add(bytes, std::memory_order_relaxed) + bytes <= limits_[kind]) return true;
    Remove(kind, bytes);
    return false;
  }

  size_t limit(Kind kind) const { return limits_[kind]; }
  size_t Held(Kind kind) const { return held_[kind].load(std::memory_order_relaxed); }
  bool IsOver(Kind kind) const { return Held(kind) > limits_[kind]; }
  // Of what is unread.
  LastRead& last_read() { return last_read_; }

 private:
  const std::array<size_t, 3> limits_;
  std::array<std::atomic<size_t>, 3> held_{};
  LastRead last_read_;
};

}  // namespace neso::net
