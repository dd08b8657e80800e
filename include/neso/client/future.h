// A result that is to come: to wait for, to be told of, or to co_await. A function that returns a future may be a
// coroutine.
//
//   neso::Future<int> Classify(neso::Client& client, neso::InferRequest request) {
//     neso::Result<neso::InferAnswer> answer = co_await client.Infer(std::move(request));
//     if (!answer) co_return answer.error();
//     co_return BestOf(answer.value());
//   }
#pragma once

#include <chrono>
#include <condition_variable>
#include <coroutine>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "neso/client/result.h"

namespace neso {

template <typename T>
class Future;

// The other end of a future. Thread-safe.
template <typename T>
class Promise {
 public:
  Promise() : state_(std::make_shared<State>()) {}

  Future<T> future() const { return Future<T>(state_); }
  // Once. Runs what waits for it, here.
  void Set(Result<T> result) const {
    std::function<void()> continuation;
    {
      const std::lock_guard<std::mutex> lock(state_->mutex);
      state_->result.emplace(std::move(result));
      continuation = std::exchange(state_->continuation, nullptr);
      state_->cancel = nullptr;
      state_->changed.notify_all();
    }
    if (continuation) continuation();
  }
  // What Future::Cancel does; before the future is handed out.
  void OnCancel(std::function<void()> cancel) const { state_->cancel = std::move(cancel); }

 private:
  friend class Future<T>;
  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    std::optional<Result<T>> result;     // guarded by mutex
    std::function<void()> continuation;  // guarded by mutex
    std::function<void()> cancel;        // guarded by mutex
  };
  std::shared_ptr<State> state_;
};

// Its result is taken once, in one of the three ways. A future that is dropped lets its call go on. Moved, not copied.
template <typename T>
class [[nodiscard]] Future {
 public:
  class promise_type;

  Future(Future&&) noexcept = default;
  Future& operator=(Future&&) noexcept = default;

  // Waits for the result. Not on the client's own thread: a callback or coroutine that waits there waits for ever.
  Result<T> Get() {
    std::unique_lock<std::mutex> lock(state_->mutex);
    state_->changed.wait(lock, [this] { return state_->result.has_value(); });
    return std::move(*state_->result);
  }
  // Whether there is a result by then.
  template <typename Rep, typename Period>
  bool WaitFor(std::chrono::duration<Rep, Period> time) const {
    // Added to the clock's time, the longest ones would be in the past.
    constexpr std::chrono::nanoseconds kLongest = std::chrono::hours(24 * 365 * 100);
    const bool is_longer = std::chrono::duration<double>(time) > std::chrono::duration<double>(kLongest);
    const auto until =
        std::chrono::steady_clock::now() + (is_longer ? kLongest : std::chrono::ceil<std::chrono::nanoseconds>(time));
    std::unique_lock<std::mutex> lock(state_->mutex);
    return state_->changed.wait_until(lock, until, [this] { return state_->result.has_value(); });
  }

  // `callback` gets the result on the client's thread, or at once if it is there.
  void Then(std::function<void(Result<T>)> callback) && {
    const std::shared_ptr<State> state = std::move(state_);
    const auto run = [state, callback = std::move(callback)] { callback(std::move(*state->result)); };
    if (!Await(*state, run)) run();
  }

  // The call ends with kCancelled, on the server too, unless it has a result. What a coroutine awaits goes on.
  void Cancel() {
    std::function<void()> cancel;
    {
      const std::lock_guard<std::mutex> lock(state_->mutex);
      cancel = std::exchange(state_->cancel, nullptr);
    }
    if (cancel) cancel();
  }

  // co_await: goes on on the client's thread.
  bool await_ready() const { return WaitFor(std::chrono::seconds(0)); }
  bool await_suspend(std::coroutine_handle<> waiting) {
    return Await(*state_, [waiting] { waiting.resume(); });
  }
  Result<T> await_resume() { return Get(); }

 private:
  friend class Promise<T>;
  using State = typename Promise<T>::State;

  explicit Future(std::shared_ptr<State> state) : state_(std::move(state)) {}

  // False: there is a result.
  static bool Await(State& state, std::function<void()> continuation) {
    const std::lock_guard<std::mutex> lock(state.mutex);
    if (state.result.has_value()) return false;
    state.continuation = std::move(continuation);
    return true;
  }

  std::shared_ptr<State> state_;
};

// Of a coroutine that returns a future: begins at once; an exception becomes kInternal.
template <typename T>
class Future<T>::promise_type {
 public:
  Future<T> get_return_object() { return promise_.future(); }
  std::suspend_never initial_suspend() noexcept { return {}; }
  std::suspend_never final_suspend() noexcept { return {}; }
  void return_value(Result<T> result) { promise_.Set(std::move(result)); }
  void unhandled_exception() {
    try {
      throw;
    } catch (const std::exception& exception) {
      promise_.Set(ClientError{ErrorKind::kInternal, exception.what()});
    } catch (...) {
      promise_.Set(ClientError{ErrorKind::kInternal, "an exception that is no std::exception"});
    }
  }

 private:
  Promise<T> promise_;
};

}  // namespace neso
