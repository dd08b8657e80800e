// What a client keeps of libcurl: handles with their connections for calls that wait, and a worker for those that do not.
#pragma once

#include <curl/curl.h>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "http/exchange.h"

namespace triton {
namespace client {

struct CloseHandle {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
using EasyHandle = std::unique_ptr<CURL, CloseHandle>;

// Thread-safe. As many handles as calls were made at the same time; each keeps its connection.
class HandlePool {
 public:
  void Perform(Exchange* exchange);

 private:
  EasyHandle Take();
  void Give(EasyHandle handle);

  std::mutex mutex_;
  std::vector<EasyHandle> idle_;  // guarded by mutex_
};

// Performs exchanges on a thread of its own, which begins with the first and keeps it until it ends; there the
// callbacks run. Thread-safe.
class AsyncWorker : public std::enable_shared_from_this<AsyncWorker> {
 public:
  using Done = std::function<void(Exchange*)>;

  AsyncWorker();
  ~AsyncWorker();
  AsyncWorker(const AsyncWorker&) = delete;

  Error Submit(std::unique_ptr<Exchange> exchange, Done done);
  // Before it is destroyed. Drops what has not completed, and waits for a callback that is under way, unless that is
  // who stops it.
  void Stop();

 private:
  struct Call {
    std::unique_ptr<Exchange> exchange;
    EasyHandle handle;
    Done done;
  };

  void Run();
  // Hands new calls to libcurl; false when the client goes.
  bool TakeUp();
  void Complete(CURL* handle, CURLcode outcome);

  CURLM* const multi_;
  std::mutex mutex_;
  bool exiting_ = false;             // guarded by mutex_
  std::vector<Call> submitted_;      // guarded by mutex_
  std::map<CURL*, Call> under_way_;  // the worker's
  std::thread worker_;
};

struct InferenceServerHttpClient::Connections {
  const HttpWay way;
  HandlePool pool;
  const std::shared_ptr<AsyncWorker> worker = std::make_shared<AsyncWorker>();
};

}  // namespace client
}  // namespace triton
