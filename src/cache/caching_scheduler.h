// Stands before a model's scheduler, and answers what has been asked before.
//
//   RETURN_IF_ERROR(CacheResponses(*model, cache, executor));      // before the model is published
//
// A request that is in the cache is answered at once. Any other goes to the model's scheduler, and what the model answers
// goes into the cache on its way to the requester. Where the model wants it, what asks the same meanwhile waits for that
// answer (single_flight.h). Requests of a sequence pass by: what they are answered depends on those before them. A cache
// that fails costs time, and no answer.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "base/executor.h"
#include "cache/response_cache.h"
#include "cache/response_line.h"
#include "cache/single_flight.h"
#include "core/model.h"
#include "core/response.h"
#include "core/scheduler.h"

namespace neso {

class CachingScheduler final : public Scheduler {
 public:
  // `executor` makes the lookups and insertions that network threads must not wait for. It and `statistics`, those of the
  // model, outlive the scheduler.
  CachingScheduler(std::unique_ptr<Scheduler> next, std::shared_ptr<ResponseCache> cache, bool single_flight,
                   Executor& executor, ModelStatistics& statistics);

  Status Enqueue(std::unique_ptr<InferenceRequest>& request) override;
  void OnCancel() override;
  bool HasOpenSequences() const override { return next_->HasOpenSequences(); }
  void Stop() override;
  Status UpdateInstances(const std::vector<ModelInstance*>& instances) override {
    return next_->UpdateInstances(instances);
  }

 private:
  // What was looked up, and when.
  struct Finding {
    std::unique_ptr<InferenceResponse> response;  // null: it is not there
    uint64_t start_ns = 0, end_ns = 0;
  };
  // A request that the model answers.
  struct Miss {
    CacheKey key;
    uint64_t lookup_ns = 0;
    bool leads = false;  // others wait for its answer
  };

  // As Enqueue. Of these functions, those that give a request away may take the scheduler down, too.
  Status LookUp(std::unique_ptr<InferenceRequest>& request);
  void LookUpSoon(std::unique_ptr<InferenceRequest> request);
  void EndLookup();
  Finding Find(const InferenceRequest& request, const CacheKey& key);
  void AnswerHit(std::unique_ptr<InferenceRequest> request, Finding finding);
  // On error the request is still there, and nobody waits for it.
  Status Execute(std::unique_ptr<InferenceRequest>& request, const Miss& miss);
  void KeepAnswer(ResponseFactory& factory, Miss miss);
  void Keep(const InferenceResponse& response, const Miss& miss);
  // Keeps it and passes it on; what the backend sends meanwhile waits in `line`.
  void KeepSoon(std::unique_ptr<InferenceResponse> response, uint32_t flags, const Miss& miss,
                const std::shared_ptr<ResponseLine>& line);
  void Insert(const Expected<CachedAnswer>& answer, const Miss& miss);
  void AnswerWaiting(const Expected<CachedAnswer>& answer, const CacheKey& key);
  // There will be no answer to wait for.
  void GiveUp(const Miss& miss, bool was_cancelled);

  const std::unique_ptr<Scheduler> next_;
  const std::shared_ptr<ResponseCache> cache_;
  const uint64_t key_seed_;
  const std::shared_ptr<SingleFlight> flights_;  // null: everybody is executed
  Executor& executor_;
  ModelStatistics& statistics_;
  // In one order: who ends the last lookup and who stops see each other.
  std::atomic<size_t> lookups_{0};  // posted, and not over
  std::atomic<bool> stopping_{false};
};

// Precondition: the model enables it, and is not published yet. Error: kInvalidArg for a parameter of the model that says
// neither yes nor no.
Status CacheResponses(Model& model, std::shared_ptr<ResponseCache> cache, Executor& executor);

}  // namespace neso
