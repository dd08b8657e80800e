// A batching strategy in C++: which of the requests that wait join a dynamic batch, beside what the configuration says.
//
//   class OneByOne final : public neso::backend::BatchStrategy {
//    public:
//     class Batch {                                   // made anew for each batch
//      public:
//       explicit Batch(const OneByOne& strategy);
//       bool Include(const Request& request);         // in the order of service; false ends the batch before it
//     };
//   };
//   NESO_BATCH_STRATEGY(OneByOne)
//
// The server asks with its queue locked, so Include() looks at the request and answers; it neither waits nor asks for
// inference. It is asked about the first request of a batch, too, which goes whatever the answer. A batch that never
// came about, because the queue changed, ends without having been executed. The entry points that the macro defines let
// no exception out: one of Include() keeps the request out.
//
// The library is called batchstrategy.so, beside the model's version, the model or the backend, or wherever the model's
// parameter TRITON_BATCH_STRATEGY_PATH says.
#pragma once

#include <memory>

#include "neso/backend/guard.h"
#include "neso/backend/model.h"
#include "neso/backend/request.h"
#include "neso/backend/status.h"

namespace neso::backend {

// Of one model; the user's class derives from it. After Initialize() it is read by one thread at a time.
class BatchStrategy {
 public:
  // May be hidden by the user's class. `model` is there during the call only. An error fails the load.
  Status Initialize(const Model&) { return {}; }

  BatchStrategy() = default;
  BatchStrategy(const BatchStrategy&) = delete;
  BatchStrategy& operator=(const BatchStrategy&) = delete;
};

namespace internal {

template <typename StrategyType>
struct StrategyEntryPoints {
  using Batch = typename StrategyType::Batch;

  static TRITONSERVER_Error* BatcherInitialize(TRITONBACKEND_Batcher** batcher, TRITONBACKEND_Model* handle) noexcept {
    return Guard([&]() -> Status {
      Model model;
      NESO_RETURN_IF_ERROR(model.Attach(handle));
      auto strategy = std::make_unique<StrategyType>();
      NESO_RETURN_IF_ERROR(strategy->Initialize(model));
      *batcher = reinterpret_cast<TRITONBACKEND_Batcher*>(strategy.release());  // until BatcherFinalize
      return {};
    });
  }

  static TRITONSERVER_Error* BatcherFinalize(TRITONBACKEND_Batcher* batcher) noexcept {
    return Guard([&]() -> Status {
      delete reinterpret_cast<StrategyType*>(batcher);
      return {};
    });
  }

  static TRITONSERVER_Error* BatchInitialize(const TRITONBACKEND_Batcher* batcher, void** userp) noexcept {
    *userp = nullptr;
    return Guard([&]() -> Status {
      *userp = new Batch(*reinterpret_cast<const StrategyType*>(batcher));  // until BatchFinalize
      return {};
    });
  }

  static TRITONSERVER_Error* Include(TRITONBACKEND_Request* handle, void* userp, bool* should_include) noexcept {
    *should_include = false;
    return Guard([&]() -> Status {
      if (userp == nullptr) return Status::Internal("the batch has not been begun");
      const Borrowed borrowed(handle);
      *should_include = static_cast<Batch*>(userp)->Include(borrowed.request);
      return {};
    });
  }

  static TRITONSERVER_Error* BatchFinalize(void* userp) noexcept {
    return Guard([&]() -> Status {
      delete static_cast<Batch*>(userp);
      return {};
    });
  }

 private:
  // The request stays the server's.
  struct Borrowed {
    explicit Borrowed(TRITONBACKEND_Request* handle) : request(handle) {}
    ~Borrowed() { (void)request.Detach(); }
    Borrowed(const Borrowed&) = delete;
    Borrowed& operator=(const Borrowed&) = delete;
    mutable Request request;
  };
};

}  // namespace internal
}  // namespace neso::backend

// Defines every entry point of the library; once, outside of namespaces.
#define NESO_BATCH_STRATEGY(StrategyType)                                                                      \
  using NesoStrategyEntryPoints = ::neso::backend::internal::StrategyEntryPoints<StrategyType>;                \
  extern "C" {                                                                                                 \
  TRITONSERVER_Error* TRITONBACKEND_ModelBatcherInitialize(TRITONBACKEND_Batcher** batcher,                    \
                                                           TRITONBACKEND_Model* model) {                       \
    return NesoStrategyEntryPoints::BatcherInitialize(batcher, model);                                         \
  }                                                                                                            \
  TRITONSERVER_Error* TRITONBACKEND_ModelBatcherFinalize(TRITONBACKEND_Batcher* batcher) {                     \
    return NesoStrategyEntryPoints::BatcherFinalize(batcher);                                                  \
  }                                                                                                            \
  TRITONSERVER_Error* TRITONBACKEND_ModelBatchInitialize(const TRITONBACKEND_Batcher* batcher, void** userp) { \
    return NesoStrategyEntryPoints::BatchInitialize(batcher, userp);                                           \
  }                                                                                                            \
  TRITONSERVER_Error* TRITONBACKEND_ModelBatchIncludeRequest(TRITONBACKEND_Request* request, void* userp,      \
                                                             bool* should_include) {                           \
    return NesoStrategyEntryPoints::Include(request, userp, should_include);                                   \
  }                                                                                                            \
  TRITONSERVER_Error* TRITONBACKEND_ModelBatchFinalize(void* userp) {                                          \
    return NesoStrategyEntryPoints::BatchFinalize(userp);                                                      \
  }                                                                                                            \
  } /* extern "C" */
