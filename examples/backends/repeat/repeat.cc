// A decoupled backend whose responses come after the request is gone: for each element of IN one response with OUT =
// that element and IDX = its place, DELAY milliseconds after the one before. WAIT milliseconds pass before the request
// is released and the instance takes the next one, whatever is still to be sent by then.
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "neso/backend/backend.h"

using namespace neso::backend;
using Clock = std::chrono::steady_clock;

class Repeat final : public Model {
 public:
  Status Initialize() const {
    if (config().decoupled) return {};
    return Status::InvalidArg("model '", name(), "': expected model_transaction_policy { decoupled: true }");
  }
};

// What is still to be sent to one request. The factory keeps the model, and with it the instance.
struct Answers {
  ResponseFactory factory;
  std::vector<int32_t> in;
  std::vector<uint32_t> delay_ms;
  size_t next = 0;

  Clock::time_point DueFrom(Clock::time_point now) const { return now + std::chrono::milliseconds(delay_ms[next]); }
};

class RepeatInstance final : public Instance<Repeat> {
 public:
  ~RepeatInstance() {
    {
      std::lock_guard lock(mutex_);
      ends_ = true;
    }
    changed_.notify_one();
    if (sender_.joinable()) sender_.join();
  }
  Status Initialize() {
    sender_ = std::thread([this] { SendWhenDue(); });
    return {};
  }

  Status Execute(Execution& execution) {
    uint32_t wait_ms = 0;
    for (Request& request : execution.requests()) {
      const Status begun = Begin(request, wait_ms);
      if (!begun.ok()) request.Fail(begun);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(wait_ms));
    return {};
  }

 private:
  template <typename T>
  static Result<std::vector<T>> Read(const Request& request, const char* name) {
    NESO_ASSIGN_OR_RETURN(const Input input, request.input(name));
    std::vector<T> values(input.byte_size / sizeof(T));
    NESO_RETURN_IF_ERROR(input.CopyTo(std::as_writable_bytes(std::span(values))));
    return values;
  }

  Status Begin(Request& request, uint32_t& wait_ms) {
    NESO_ASSIGN_OR_RETURN(std::vector<int32_t> in, Read<int32_t>(request, "IN"));
    NESO_ASSIGN_OR_RETURN(std::vector<uint32_t> delay_ms, Read<uint32_t>(request, "DELAY"));
    NESO_ASSIGN_OR_RETURN(const std::vector<uint32_t> wait, Read<uint32_t>(request, "WAIT"));
    if (in.size() != delay_ms.size()) {
      return Status::InvalidArg("input 'DELAY': expected as many elements as 'IN' has, ", in.size(), ", got ",
                                delay_ms.size());
    }
    for (const uint32_t milliseconds : wait) wait_ms = std::max(wait_ms, milliseconds);

    NESO_ASSIGN_OR_RETURN(ResponseFactory factory, ResponseFactory::New(request));
    if (in.empty()) return factory.SendFinal();
    Answers answers{.factory = std::move(factory), .in = std::move(in), .delay_ms = std::move(delay_ms)};
    const Clock::time_point due = answers.DueFrom(Clock::now());
    {
      std::lock_guard lock(mutex_);
      waiting_.emplace(due, std::move(answers));
    }
    changed_.notify_one();
    return {};
  }

  void SendWhenDue() {
    std::unique_lock lock(mutex_);
    while (!ends_) {
      if (waiting_.empty()) {
        changed_.wait(lock);
        continue;
      }
      const auto first = waiting_.begin();
      if (Clock::now() < first->first) {
        changed_.wait_until(lock, Clock::time_point(first->first));
        continue;
      }
      Answers answers = std::move(first->second);
      waiting_.erase(first);
      // The server's functions may call back, and take their time.
      lock.unlock();
      const bool goes_on = SendNext(answers);
      lock.lock();
      if (goes_on) waiting_.emplace(answers.DueFrom(Clock::now()), std::move(answers));
    }
  }

  // Whether there is more to send.
  bool SendNext(Answers& answers) const {
    const bool is_wanted = !answers.factory.IsCancelled();
    Status sent = is_wanted ? SendOne(answers) : Status();
    const bool goes_on = is_wanted && sent.ok() && ++answers.next < answers.in.size();
    NESO_LOG_IF_ERROR(std::move(sent), "cannot send a response");
    if (!goes_on) NESO_LOG_IF_ERROR(answers.factory.SendFinal(), "cannot send the end of a request");
    return goes_on;
  }

  Status SendOne(const Answers& answers) const {
    constexpr int64_t kShape[] = {1};
    const auto index = static_cast<uint32_t>(answers.next);
    ResponseTimes times{.start_ns = NowNs(), .compute_output_start_ns = NowNs(), .end_ns = 0};
    NESO_ASSIGN_OR_RETURN(Response response, Response::New(answers.factory));
    NESO_ASSIGN_OR_RETURN(std::byte* const out,
                          response.AddOutput("OUT", TRITONSERVER_TYPE_INT32, kShape, sizeof(int32_t)));
    std::memcpy(out, &answers.in[index], sizeof(int32_t));
    NESO_ASSIGN_OR_RETURN(std::byte* const idx,
                          response.AddOutput("IDX", TRITONSERVER_TYPE_UINT32, kShape, sizeof(index)));
    std::memcpy(idx, &index, sizeof(index));
    NESO_RETURN_IF_ERROR(response.Send(/*final=*/false));
    times.end_ns = NowNs();
    return ReportResponse(handle(), answers.factory, times);
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::multimap<Clock::time_point, Answers> waiting_;  // by when the next response of each is due
  bool ends_ = false;
  std::thread sender_;
};

NESO_BACKEND(Repeat, RepeatInstance)
