// Holds back the writing of answers while a network thread runs a burst of short work, so that those of one connection
// leave with one write.
//
//   AnswerCork::Scope scope(cork);   // on the thread: Http2Stream::Wake finds it with Current()
//   ...                              // run the burst
//                                    // the scope's end writes
//
// Only connections with several streams use it: a single answer gains nothing by waiting. If a piece of work turns out
// long, the sentinel takes what waits, and the rest of the burst is written as it comes.
#pragma once

#include <memory>
#include <vector>

#include "base/mutex.h"

namespace neso::net {

// Thread-safe.
class AnswerCork {
 public:
  // What has answers to write.
  class Waiter {
   public:
    // It waits no longer. Any thread.
    virtual void OnUncork() = 0;

   protected:
    ~Waiter() = default;
  };

  class Scope {
   public:
    explicit Scope(AnswerCork& cork);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    AnswerCork& cork_;
  };

  // The calling thread's, within a scope; else null.
  static AnswerCork* Current();

  // False: nothing waits now, the caller has to write.
  bool Add(const std::shared_ptr<Waiter>& waiter) noexcept;
  // Ends the holding back until the next scope; the caller uncorks what it gets.
  std::vector<std::shared_ptr<Waiter>> Take();

 private:
  Mutex mutex_;
  bool is_open_ GUARDED_BY(mutex_) = false;  // lets nothing wait
  std::vector<std::shared_ptr<Waiter>> waiting_ GUARDED_BY(mutex_);
};

}  // namespace neso::net
