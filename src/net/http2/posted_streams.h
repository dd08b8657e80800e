// The streams of one connection that have something to send, until its strand comes to them.
//
//   posted.Push(stream);   // any thread
//   posted.Collect();      // in the strand
//   while (std::shared_ptr<Http2Stream> stream = posted.Pop()) ...
//
// Each stream brings its own place, so that an answer takes no memory and no lock to get here, and cannot get lost.
#pragma once

#include <atomic>
#include <memory>
#include <utility>

namespace neso::net {

class Http2Stream;

class PostedStreams {
 public:
  // A stream's place; the stream stays alive as long as it is in it.
  struct Link {
    std::shared_ptr<Http2Stream> self;
    Http2Stream* next = nullptr;
  };

  PostedStreams() = default;
  PostedStreams(const PostedStreams&) = delete;
  PostedStreams& operator=(const PostedStreams&) = delete;

  // Any thread. `stream` is not in here: it has been popped since it was pushed.
  void Push(std::shared_ptr<Http2Stream> stream);

  // --- In the strand. ---
  // What has been posted by now can be popped; what comes meanwhile waits for the next time.
  void Collect();
  // In the order in which they were posted. Null when that is all.
  std::shared_ptr<Http2Stream> Pop();

 private:
  std::atomic<Http2Stream*> last_{nullptr};  // the one posted last, which leads to those before it
  Http2Stream* collected_ = nullptr;         // the one posted first, which leads to those behind it
};

}  // namespace neso::net
