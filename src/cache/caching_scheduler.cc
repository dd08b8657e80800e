#include "cache/caching_scheduler.h"

#include <algorithm>
#include <random>
#include <utility>

#include "base/catch_exceptions.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/log_throttle.h"
#include "core/statistics.h"

namespace neso {
namespace {

bool MayBeCached(const InferenceRequest& request) {
  if (request.correlation_id().InSequence() || request.flags() != 0) return false;
  const std::span<const Input> inputs = request.own_inputs();
  return std::none_of(inputs.begin(), inputs.end(), [](const Input& input) { return input.has_host_policy_buffers(); });
}

// Keys in this process are those of one load of a model, since the next may answer otherwise, and nobody can make up a
// request that has another one's. Elsewhere servers share them.
uint64_t KeySeed(const ResponseCache& cache) {
  if (!cache.is_in_process()) return 0;
  std::random_device random;
  return (uint64_t{random()} << 32) | random();
}

// A cache that is away fails for every request.
template <typename... Args>
void LogCacheFailure(fmt::format_string<Args...> format, Args&&... args) {
  static LogThrottle throttle(std::chrono::seconds(1));
  if (throttle.Allow()) LOG_ERROR("{}", fmt::format(format, std::forward<Args>(args)...));
}

// For one that has left the thread that submitted it.
void Refuse(std::unique_ptr<InferenceRequest> request, const Status& error) {
  // Who refused it has counted that.
  const std::shared_ptr<ResponseFactory>& factory = request->shared_response_factory();
  InferenceResponse::Send(factory->CreateResponse(factory), TRITONSERVER_RESPONSE_COMPLETE_FINAL, error);
  InferenceRequest::Release(std::move(request), TRITONSERVER_REQUEST_RELEASE_ALL);
}

}  // namespace

CachingScheduler::CachingScheduler(std::unique_ptr<Scheduler> next, std::shared_ptr<ResponseCache> cache,
                                   bool single_flight, Executor& executor, ModelStatistics& statistics)
    : next_(std::move(next)),
      cache_(std::move(cache)),
      key_seed_(KeySeed(*cache_)),
      flights_(single_flight ? std::make_shared<SingleFlight>(*next_) : nullptr),
      executor_(executor),
      statistics_(statistics) {}

Status CachingScheduler::Enqueue(std::unique_ptr<InferenceRequest>& request) {
  if (!MayBeCached(*request)) return next_->Enqueue(request);
  if (stopping_) return RefusedByStop(*request);
  if (request->queue_start_ns() == 0) request->CaptureQueueStart();
  if (cache_->is_in_process()) return LookUp(request);
  // Lookups may overtake each other.
  next_->TakeTurn(request->shared_response_factory());
  LookUpSoon(std::move(request));
  return {};
}

void CachingScheduler::LookUpSoon(std::unique_ptr<InferenceRequest> request) {
  ++lookups_;
  InferenceRequest* const raw = request.release();
  const bool is_posted = executor_.Post([this, raw] {
    std::unique_ptr<InferenceRequest> posted(raw);
    const ModelHandle model = posted->model();  // keeps this
    const Status status = CatchExceptions([&] { return LookUp(posted); });
    if (!status.ok() && posted != nullptr) Refuse(std::move(posted), status);
    EndLookup();
  });
  if (is_posted) return;
  EndLookup();
  Refuse(std::unique_ptr<InferenceRequest>(raw), Unavailable("no memory to look a request up"));
}

void CachingScheduler::EndLookup() {
  if (--lookups_ == 0 && stopping_) next_->Stop();
}

Status CachingScheduler::LookUp(std::unique_ptr<InferenceRequest>& request) {
  const Expected<CacheKey> key = HashRequest(*request, key_seed_);
  if (!key) {
    LogCacheFailure("Failed to hash request: {}", key.error().message());
    return next_->Enqueue(request);
  }
  Finding finding = Find(*request, *key);
  if (finding.response != nullptr) return AnswerHit(std::move(request), std::move(finding)), Status();
  Miss miss{.key = *key, .lookup_ns = finding.end_ns - finding.start_ns, .leads = false};
  if (flights_ == nullptr) return Execute(request, miss);

  if (flights_->Join(*key, request, &miss.leads)) return {};
  if (!miss.leads) return Execute(request, miss);
  // Another one's answer may have come between the lookup and here.
  finding = Find(*request, *key);
  if (finding.response == nullptr) return Execute(request, miss);
  SingleFlight::Requests waiting = flights_->End(*key);
  AnswerHit(std::move(request), std::move(finding));
  for (std::unique_ptr<InferenceRequest>& other : waiting) LookUpSoon(std::move(other));
  return {};
}

CachingScheduler::Finding CachingScheduler::Find(const InferenceRequest& request, const CacheKey& key) {
  Finding finding{.response = request.response_factory().CreateResponse(request.shared_response_factory()),
                  .start_ns = SteadyNanoseconds()};
  const Status found = cache_->Lookup(key, *finding.response);
  finding.end_ns = SteadyNanoseconds();
  if (found.ok()) return finding;
  if (found.code() != StatusCode::kNotFound) {
    LogCacheFailure("Failed to look up key [{}] in response cache: {}", key.text(), found.message());
  }
  finding.response.reset();
  return finding;
}

void CachingScheduler::AnswerHit(std::unique_ptr<InferenceRequest> request, Finding finding) {
  next_->TakeTurn(request->shared_response_factory());
  statistics_.common().RecordCacheHit(*request, finding.start_ns, finding.end_ns);
  InferenceResponse::Send(std::move(finding.response), TRITONSERVER_RESPONSE_COMPLETE_FINAL);
  InferenceRequest::Release(std::move(request), TRITONSERVER_REQUEST_RELEASE_ALL);
}

Status CachingScheduler::Execute(std::unique_ptr<InferenceRequest>& request, const Miss& miss) {
  KeepAnswer(request->response_factory(), miss);
  Status status = next_->Enqueue(request);
  if (!status.ok() && request != nullptr) GiveUp(miss, false);
  return status;
}

// The factory keeps the model, and the model this.
void CachingScheduler::KeepAnswer(ResponseFactory& factory, Miss miss) {
  std::shared_ptr<ResponseLine> line = cache_->is_in_process() ? nullptr : std::make_shared<ResponseLine>();
  factory.Intercept(ResponseStage::kCache, [this, &factory, miss, line = std::move(line)](
                                               std::unique_ptr<InferenceResponse> response, uint32_t flags) mutable {
    if (line != nullptr && line->Takes(response, flags)) return;
    if (response == nullptr || !response->status().ok()) {
      if ((flags & TRITONSERVER_RESPONSE_COMPLETE_FINAL) != 0) GiveUp(miss, factory.IsCancelled());
      return factory.PassOn(ResponseStage::kCache, std::move(response), flags);
    }
    const Miss answered = std::exchange(miss, {.key = miss.key, .lookup_ns = miss.lookup_ns, .leads = false});
    if (line == nullptr) {
      Keep(*response, answered);
      return factory.PassOn(ResponseStage::kCache, std::move(response), flags);
    }
    KeepSoon(std::move(response), flags, answered, line);
  });
}

void CachingScheduler::KeepSoon(std::unique_ptr<InferenceResponse> response, uint32_t flags, const Miss& miss,
                                const std::shared_ptr<ResponseLine>& line) {
  line->HoldUp();
  InferenceResponse* const raw = response.release();
  const auto pass_on = [raw, flags, line] {
    const std::shared_ptr<ResponseFactory> living = raw->factory();
    living->PassOn(ResponseStage::kCache, std::unique_ptr<InferenceResponse>(raw), flags);
    line->PassOnWaiting(*living);
  };
  const bool is_posted = executor_.Post([this, raw, miss, pass_on] {
    const Status kept = CatchExceptions([&] { return Keep(*raw, miss), Status(); });
    if (!kept.ok()) LogCacheFailure("Failed to keep an answer: {}", kept.message());
    pass_on();
  });
  if (is_posted) return;
  GiveUp(miss, false);
  pass_on();
}

void CachingScheduler::Keep(const InferenceResponse& response, const Miss& miss) {
  const Expected<CachedAnswer> answer = CatchExceptions([&] { return AnswerOf(response); });
  Insert(answer, miss);
  if (miss.leads) AnswerWaiting(answer, miss.key);
}

void CachingScheduler::Insert(const Expected<CachedAnswer>& answer, const Miss& miss) {
  const uint64_t start_ns = SteadyNanoseconds();
  const Status inserted = CatchExceptions([&] { return answer ? cache_->Insert(miss.key, *answer) : answer.error(); });
  // Somebody else asked the same meanwhile, and has been counted.
  if (!inserted.ok() && inserted.code() == StatusCode::kAlreadyExists) return;
  const uint64_t end_ns = SteadyNanoseconds();
  statistics_.common().RecordCacheMiss(miss.lookup_ns + end_ns - start_ns, end_ns);
  if (inserted.ok()) return;
  LogCacheFailure("Failed to insert key [{}] into response cache: {}", miss.key.text(), inserted.message());
}

// From the answer itself: it may be too large for the cache, or that may be away.
void CachingScheduler::AnswerWaiting(const Expected<CachedAnswer>& answer, const CacheKey& key) {
  for (std::unique_ptr<InferenceRequest>& request : flights_->End(key)) {
    Finding copy{.response = request->response_factory().CreateResponse(request->shared_response_factory()),
                 .start_ns = SteadyNanoseconds()};
    Status filled = CatchExceptions([&] { return answer ? FillResponse(*answer, *copy.response) : answer.error(); });
    copy.end_ns = SteadyNanoseconds();
    if (filled.ok()) {
      AnswerHit(std::move(request), std::move(copy));
      continue;
    }
    copy.response.reset();
    filled = next_->Enqueue(request);
    if (!filled.ok() && request != nullptr) Refuse(std::move(request), filled);
  }
}

// Those who waited for a client that went away can wait for another one of them. An error may be that of the request or
// of the model: each finds out for itself, as it would have without waiting.
void CachingScheduler::GiveUp(const Miss& miss, bool was_cancelled) {
  if (!miss.leads) return;
  for (std::unique_ptr<InferenceRequest>& request : flights_->End(miss.key)) {
    if (was_cancelled) {
      LookUpSoon(std::move(request));
      continue;
    }
    const Status status = Execute(request, {.key = miss.key, .lookup_ns = 0, .leads = false});
    if (!status.ok() && request != nullptr) Refuse(std::move(request), status);
  }
}

void CachingScheduler::OnCancel() {
  if (flights_ != nullptr) flights_->OnCancel(executor_);
  next_->OnCancel();
}

// What was let in before is still executed: then the last lookup stops the scheduler behind.
void CachingScheduler::Stop() {
  stopping_ = true;
  if (lookups_ == 0) next_->Stop();
}

Status CacheResponses(Model& model, std::shared_ptr<ResponseCache> cache, Executor& executor) {
  ASSIGN_OR_RETURN(const bool single_flight, WantsSingleFlight(model.config()));
  model.SetScheduler(std::make_unique<CachingScheduler>(model.TakeScheduler(), std::move(cache), single_flight,
                                                        executor, model.statistics()));
  return {};
}

}  // namespace neso
