#include "http/connections.h"

#include <utility>

namespace triton {
namespace client {
namespace {

EasyHandle NewHandle() {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_ALL);
  return EasyHandle(started == CURLE_OK ? curl_easy_init() : nullptr);
}

}  // namespace

EasyHandle HandlePool::Take() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!idle_.empty()) {
      EasyHandle handle = std::move(idle_.back());
      idle_.pop_back();
      return handle;
    }
  }
  return NewHandle();
}

void HandlePool::Give(EasyHandle handle) {
  curl_easy_reset(handle.get());  // the connection stays
  const std::lock_guard<std::mutex> lock(mutex_);
  idle_.push_back(std::move(handle));
}

void HandlePool::Perform(Exchange* exchange) {
  EasyHandle handle = Take();
  if (handle == nullptr) {
    exchange->answer().outcome = CURLE_FAILED_INIT;
    return;
  }
  exchange->Prepare(handle.get());
  exchange->Complete(handle.get(), curl_easy_perform(handle.get()));
  Give(std::move(handle));
}

AsyncWorker::AsyncWorker() : multi_(curl_multi_init()) {}

void AsyncWorker::Stop() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    exiting_ = true;
  }
  if (!worker_.joinable()) return;
  if (worker_.get_id() == std::this_thread::get_id()) return worker_.detach();
  curl_multi_wakeup(multi_);
  worker_.join();
}

AsyncWorker::~AsyncWorker() {
  for (auto& [handle, call] : under_way_) curl_multi_remove_handle(multi_, handle);
  under_way_.clear();
  curl_multi_cleanup(multi_);
}

Error AsyncWorker::Submit(std::unique_ptr<Exchange> exchange, Done done) {
  Call call{std::move(exchange), NewHandle(), std::move(done)};
  if (call.handle == nullptr) return Error("failed to initialize HTTP client");
  call.exchange->Prepare(call.handle.get());
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (exiting_) return Error("Client is exiting.");
    submitted_.push_back(std::move(call));
    if (!worker_.joinable()) worker_ = std::thread([self = shared_from_this()] { self->Run(); });
  }
  curl_multi_wakeup(multi_);
  return Error::Success;
}

void AsyncWorker::Run() {
  while (TakeUp()) {
    int running;
    curl_multi_perform(multi_, &running);
    int left;
    while (CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      if (message->msg == CURLMSG_DONE) Complete(message->easy_handle, message->data.result);
    }
    // Ends when a socket is ready, a timeout is due, or Submit() wakes it.
    curl_multi_poll(multi_, nullptr, 0, 60'000, nullptr);
  }
}

bool AsyncWorker::TakeUp() {
  std::vector<Call> fresh;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (exiting_) return false;
    fresh.swap(submitted_);
  }
  for (Call& call : fresh) {
    CURL* handle = call.handle.get();
    under_way_.emplace(handle, std::move(call));
    if (curl_multi_add_handle(multi_, handle) != CURLM_OK) Complete(handle, CURLE_FAILED_INIT);
  }
  return true;
}

void AsyncWorker::Complete(CURL* handle, CURLcode outcome) {
  const auto found = under_way_.find(handle);
  Call call = std::move(found->second);
  under_way_.erase(found);
  call.exchange->Complete(handle, outcome);
  curl_multi_remove_handle(multi_, handle);
  call.done(call.exchange.get());
}

}  // namespace client
}  // namespace triton
