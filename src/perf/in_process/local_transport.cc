#include "perf/in_process/local_transport.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "base/perf_entry.h"
#include "perf/in_process/local_call.h"
#include "perf/output.h"

namespace neso::perf {
namespace {

TRITONSERVER_Error* Allocate(TRITONSERVER_ResponseAllocator*, const char*, size_t bytes, TRITONSERVER_MemoryType,
                             int64_t, void*, void** buffer, void**, TRITONSERVER_MemoryType* memory, int64_t* device) {
  *memory = TRITONSERVER_MEMORY_CPU;
  *device = 0;
  *buffer = bytes == 0 ? nullptr : std::malloc(bytes);  // null where there is none: the server says so
  return nullptr;
}

TRITONSERVER_Error* Free(TRITONSERVER_ResponseAllocator*, void* buffer, void*, size_t, TRITONSERVER_MemoryType,
                         int64_t) {
  std::free(buffer);
  return nullptr;
}

class LocalLane final : public Lane {
 public:
  LocalLane(LocalCall& call, Lane::Listener& listener) : call_(call), listener_(listener) {}
  ~LocalLane() override { call_.Leave(); }
  LocalLane(const LocalLane&) = delete;
  LocalLane& operator=(const LocalLane&) = delete;

  void Send(const InferBytes& bytes, const Turn& turn) override { call_.Send(*bytes.tensors, turn, listener_); }

 private:
  LocalCall& call_;
  Lane::Listener& listener_;
};

}  // namespace

Expected<std::unique_ptr<Transport>> LocalTransport::Start(const Options& options) {
  ASSIGN_OR_RETURN(std::unique_ptr<LocalServer> server, LocalServer::Start(options));
  const ServerLibrary& library = server->library();
  TRITONSERVER_ResponseAllocator* allocator = nullptr;
  RETURN_IF_ERROR(library.StatusOf(library->ResponseAllocatorNew(&allocator, Allocate, Free, nullptr)));
  return std::unique_ptr<Transport>(new LocalTransport(options, std::move(server), allocator));
}

LocalTransport::LocalTransport(const Options& options, std::unique_ptr<LocalServer> server,
                               TRITONSERVER_ResponseAllocator* allocator)
    : options_(options), server_(std::move(server)), allocator_(allocator) {}

LocalTransport::~LocalTransport() {
  const auto is_under_way = [this] {
    return std::ranges::any_of(calls_, [](const auto& call) { return call->is_under_way(); });
  };
  const TimePoint deadline = std::chrono::steady_clock::now() + kUsualPatience;
  while (is_under_way() && std::chrono::steady_clock::now() < deadline) RunOnce(deadline);
  if (is_under_way()) {  // and has addresses of what would end here
    Complain("error: the model does not end its requests: the process ends without it");
    std::fflush(nullptr);
    std::_Exit(kPerfFailed);
  }
  const ServerLibrary library = server_->library();
  server_.reset();
  library.Discard(library->ResponseAllocatorDelete(allocator_));
}

Expected<InferBytes> LocalTransport::Encode(const TensorSet& request, const ModelFacts& facts) const {
  return InferBytes{.head = {}, .body = {}, .tensors = &request, .is_decoupled = facts.is_decoupled};
}

Expected<std::unique_ptr<Lane>> LocalTransport::OpenLane(Lane::Listener& listener) {
  calls_.push_back(std::make_unique<LocalCall>(*server_, options_, allocator_, inbox_));
  return std::unique_ptr<Lane>(std::make_unique<LocalLane>(*calls_.back(), listener));
}

void LocalTransport::RunOnce(TimePoint until) {
  for (const Arrival& arrival : inbox_.TakeUntil(until)) arrival.call->Take(arrival);
}

}  // namespace neso::perf
