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

class Connection;

// Thread-safe.
class AnswerCork {
 public:
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

  // False: the caller has to Enter the connection itself.
  bool Add(const std::shared_ptr<Connection>& connection);
  // Ends the holding back until the next scope; the caller Enters what it gets.
  std::vector<std::shared_ptr<Connection>> Take();

 private:
  Mutex mutex_;
  bool is_open_ GUARDED_BY(mutex_) = false;  // lets nothing wait
  std::vector<std::shared_ptr<Connection>> waiting_ GUARDED_BY(mutex_);
};

}  // namespace neso::net
