// How much of one answer waits for its client to read, counted in its connection's account too: the same for HTTP/1.1,
// HTTP/2 and gRPC.
//
//   UnreadMeter unread(connection.account());
//   if (unread.IsTooMuch()) return Cut();   // the producer goes on and on
//   unread.Add(chunk.size());               // it waits here
//   unread.Remove(written);                 // it has left
//
// A client that reads slowly is first pushed back, by two watermarks of the account: above the high one its next
// requests wait, until it has read down to the low one. A model that sends one response after another cannot be made to
// wait, since nothing in a backend's interface can: its stream is cut when the client does not read, or gets too far
// behind.
#pragma once

#include <fmt/core.h>

#include <atomic>
#include <cstddef>
#include <string>

#include "net/client_account.h"

namespace neso::net {

// Thread-safe. What is removed is removed in the connection's strand, which then looks who may go on.
class UnreadMeter {
 public:
  explicit UnreadMeter(ClientAccount& connection) : connection_(connection) {}
  ~UnreadMeter() { Clear(); }
  UnreadMeter(const UnreadMeter&) = delete;
  UnreadMeter& operator=(const UnreadMeter&) = delete;

  // For who reads on, so many times the limit.
  static constexpr size_t kWhileReading = 8;

  // No more may be added. What waits already decides, not what is to be added, since a single response may be of any
  // size; and a little is taken whatever other streams have: their answers may be large and on their way.
  bool IsTooMuch() const {
    const size_t limit = connection_.limit(ClientAccount::kUnread);
    const size_t of_all = connection_.Held(ClientAccount::kUnread);
    const size_t own = bytes();
    if (of_all <= limit || (own <= kLittle && own <= limit)) return false;
    if (of_all / kWhileReading > limit) return true;
    return !(own > limit ? last_read_ : connection_.last_read()).IsRecent();
  }

  // For the client whose answer is cut.
  std::string TooMuchText() const {
    return fmt::format(
        "the client does not read its responses, or too slowly: {} bytes wait on its connection, and {} may, {} times as "
        "many while it reads (limit unread-bytes)",
        connection_.Held(ClientAccount::kUnread), connection_.limit(ClientAccount::kUnread), kWhileReading);
  }

  void Add(size_t bytes) {
    bytes_.fetch_add(bytes, std::memory_order_relaxed);
    connection_.Add(ClientAccount::kUnread, bytes);
  }
  void Remove(size_t bytes) {
    const size_t before = bytes_.fetch_sub(bytes, std::memory_order_relaxed);
    connection_.Remove(ClientAccount::kUnread, bytes);
    if (before <= kLittle) return;
    last_read_.Note();
    connection_.last_read().Note();
  }
  // All that waited was dropped, and nothing is added any more.
  void Clear() {
    if (bytes() == 0) return;
    if (const size_t left = bytes_.exchange(0, std::memory_order_relaxed); left > 0)
      connection_.Remove(ClientAccount::kUnread, left);
  }
  size_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

 private:
  static constexpr size_t kLittle = 64 * 1024;

  ClientAccount& connection_;
  std::atomic<size_t> bytes_{0};
  LastRead last_read_;
};

// Whether a connection's next requests wait for its client to read. Confined to the strand.
class PushBack {
 public:
  explicit PushBack(const ClientAccount& connection) : connection_(connection) {}
  bool IsOn() {
    const size_t high = connection_.limit(ClientAccount::kUnread);
    is_on_ = connection_.Held(ClientAccount::kUnread) > (is_on_ ? high / 2 : high);
    return is_on_;
  }

 private:
  const ClientAccount& connection_;
  bool is_on_ = false;
};

}  // namespace neso::net
