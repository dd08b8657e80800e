// A piece of a connection's work that runs at the top of a network thread, from ServerContext::BeginCall to EndCall,
// whatever happens in it: an end that is lost would be a server that waits for it for ever.
//
//   void RunAtTop(std::shared_ptr<TopWork> self, int what) override {
//     const DueCall call(self, connection_);
//     ...
#pragma once

#include <memory>
#include <utility>

#include "net/connection.h"
#include "net/reactor/reactor_top.h"

namespace neso::net {

class DueCall {
 public:
  // Lets go of `work` before the call ends: with its end the server may go, and what the work uses of it.
  DueCall(std::shared_ptr<TopWork>& work, std::shared_ptr<Connection> connection)
      : work_(work), connection_(std::move(connection)) {}
  ~DueCall() {
    work_.reset();
    connection_->context().EndCall();
  }
  DueCall(const DueCall&) = delete;
  DueCall& operator=(const DueCall&) = delete;

  ServerContext& context() const { return connection_->context(); }

 private:
  std::shared_ptr<TopWork>& work_;
  const std::shared_ptr<Connection> connection_;  // longer than the work
};

}  // namespace neso::net
