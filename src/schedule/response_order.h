// Gives responses to requesters in the order of their requests, whatever order the instances answer in: the
// configuration's "preserve_ordering".
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "base/mutex.h"
#include "core/response.h"

namespace neso {

// Thread-safe. Responses of a decoupled request all come before those of the next one.
class ResponseOrder : public std::enable_shared_from_this<ResponseOrder> {
 public:
  // `factory` is that of the next request; called before a backend sees it.
  void Add(const std::shared_ptr<ResponseFactory>& factory);

 private:
  struct Ready {
    std::shared_ptr<ResponseFactory> factory;  // the backend may have let it go
    std::unique_ptr<InferenceResponse> response;
    uint32_t flags;
  };
  struct Turn {
    std::weak_ptr<ResponseFactory> factory;
    std::vector<Ready> ready;
  };
  void Accept(Turn& turn, std::unique_ptr<InferenceResponse> response, uint32_t flags);

  Mutex mutex_;
  std::deque<Turn> turns_ GUARDED_BY(mutex_);   // elements do not move
  bool delivering_ GUARDED_BY(mutex_) = false;  // by one thread at a time, so that order is kept outside the lock
};

}  // namespace neso
