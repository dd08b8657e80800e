// The way to one endpoint, in its protocol.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/status.h"
#include "client_library/question.h"

namespace neso::client_library {

// A question that is asked once. It stays where it is until it is told.
struct Attempt {
  std::shared_ptr<const Question> question;
  TimePoint deadline;
  std::string head;       // HTTP: as it goes over the wire to the present endpoint
  bool was_sent = false;  // some of it, perhaps
  // The answer, or kUnavailable: no connection, or it was lost, or a proxy has lost the server.
  std::function<void(Expected<Answer>)> done;
};

// Confined to the worker's thread; destroyed when that has ended.
class Channel {
 public:
  virtual ~Channel() = default;
  virtual void Start(Attempt& attempt) = 0;
  // It is not told; if it was sent, the server learns that nobody waits.
  virtual void Abandon(Attempt& attempt) = 0;
  // A connection is open, that is, the endpoint is there.
  virtual bool is_connected() const = 0;
  // An attempt that was sent had no answer in time: perhaps its connection leads nowhere. It is abandoned next.
  virtual void NoteLate() = 0;
};

}  // namespace neso::client_library
