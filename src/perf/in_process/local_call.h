// One request at a time to a server within this process, from its sending to its last answer.
//
//   LocalCall call(server, options, allocator, inbox);
//   call.Send(tensors, turn, listener);       // its answers come to the inbox
//   call.Take(arrival);                       // which the load's thread hands back: listener.OnAnswer, OnEnd
#pragma once

#include <utility>

#include "perf/in_process/inbox.h"
#include "perf/in_process/local_request.h"
#include "perf/transport.h"

namespace neso::perf {

// Confined to the load's thread; its address goes to the server's.
class LocalCall {
 public:
  // All outlive it.
  LocalCall(const LocalServer& server, const Options& options, TRITONSERVER_ResponseAllocator* allocator, Inbox& inbox)
      : server_(server), options_(options), allocator_(allocator), inbox_(inbox) {}
  LocalCall(const LocalCall&) = delete;
  LocalCall& operator=(const LocalCall&) = delete;

  // Precondition: !is_under_way(). A request that the server does not take has failed.
  void Send(const TensorSet& tensors, const Turn& turn, Lane::Listener& listener);
  // What comes from now on is for nobody.
  void Leave() { listener_ = nullptr; }
  void Take(const Arrival& arrival);
  bool is_under_way() const { return awaited_ends_ > 0; }

 private:
  static void OnResponse(TRITONSERVER_InferenceResponse* response, uint32_t flags, void* call);
  static void OnRelease(TRITONSERVER_InferenceRequest* request, uint32_t flags, void* call);

  const LocalServer& server_;
  const Options& options_;
  TRITONSERVER_ResponseAllocator* const allocator_;
  Inbox& inbox_;
  Lane::Listener* listener_ = nullptr;
  int awaited_ends_ = 0;  // of the answer, and of the server's use of the request
  Status failure_;
};

}  // namespace neso::perf
