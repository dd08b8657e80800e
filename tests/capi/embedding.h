// What a program that embeds the server needs around the C interface: owners, a model folder, and a call with its
// answers.
//
//   EmbeddedServer server(models);                       // NONE or EXPLICIT, from a folder of models
//   Call call(server, "nested_1");
//   call.SetInput(21);
//   call.Send();
//   EXPECT_EQ(call.Wait().value, 42);
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "triton/core/tritonserver.h"

namespace embedding {

// What an error says ("Invalid argument: ..."), "" for success; deletes it.
std::string Text(TRITONSERVER_Error* error);

// A folder of models of the test plug-ins: input IN and output OUT, INT32, one element.
class ModelFolder {
 public:
  ModelFolder();
  ~ModelFolder();
  ModelFolder(const ModelFolder&) = delete;
  ModelFolder& operator=(const ModelFolder&) = delete;

  const std::string& path() const { return path_; }
  void Write(const std::string& relative, const std::string& contents) const;
  void Add(const std::string& name, const std::string& backend, const std::string& more = "",
           int max_batch_size = 0) const;
  static std::string ConfigJson(const std::string& backend);

 private:
  std::string path_;
};

struct ServerSettings {
  TRITONSERVER_ModelControlMode mode = TRITONSERVER_MODEL_CONTROL_EXPLICIT;
  std::vector<std::string> startup_models = {"*"};
  bool exit_on_error = true;
  unsigned exit_timeout_seconds = 30;
};

class EmbeddedServer {
 public:
  explicit EmbeddedServer(const ModelFolder& models, const ServerSettings& settings = {});
  ~EmbeddedServer();
  EmbeddedServer(const EmbeddedServer&) = delete;
  EmbeddedServer& operator=(const EmbeddedServer&) = delete;

  TRITONSERVER_Server* get() const { return server_; }
  const std::string& error() const { return error_; }
  // The JSON text of a message that `query` makes.
  static std::string Json(const std::function<TRITONSERVER_Error*(TRITONSERVER_Message**)>& query);
  std::string Index() const;
  std::string Statistics(const char* model = "") const;
  std::string Metrics() const;
  // Waits until the index contains `text`.
  void WaitForIndex(const std::string& text) const;

 private:
  TRITONSERVER_Server* server_ = nullptr;
  std::string error_;
};

struct Answer {
  std::string error;  // "" for success
  int32_t value = 0;
  uint32_t flags = 0;
  bool empty = false;  // flags only
};

// One request object with its callbacks; may be sent again once it was released.
class Call {
 public:
  Call(const EmbeddedServer& server, const char* model, int64_t version = -1);
  ~Call();
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  TRITONSERVER_InferenceRequest* request() const { return request_; }
  const std::string& error() const { return error_; }
  void SetInput(int32_t value);
  // The error, "" for success.
  std::string Send(TRITONSERVER_InferenceTrace* trace = nullptr);
  // The next answer; waits for it.
  Answer Wait();
  void WaitForRelease();
  bool released();
  std::thread::id release_thread();

  // Allocator behaviour and counts.
  std::string allocation_error;
  bool allocates_nothing = false;  // and says so by no error
  TRITONSERVER_MemoryType allocated_type = TRITONSERVER_MEMORY_CPU;
  bool throws_in_allocation = false;
  bool throws_in_release = false;
  std::atomic<int> allocations{0};
  std::atomic<int> releases{0};
  std::atomic<int> starts{0};

 private:
  static TRITONSERVER_Error* Allocate(TRITONSERVER_ResponseAllocator*, const char*, size_t, TRITONSERVER_MemoryType,
                                      int64_t, void*, void**, void**, TRITONSERVER_MemoryType*, int64_t*);
  static TRITONSERVER_Error* Free(TRITONSERVER_ResponseAllocator*, void*, void*, size_t, TRITONSERVER_MemoryType,
                                  int64_t);
  static TRITONSERVER_Error* Start(TRITONSERVER_ResponseAllocator*, void*);
  static void OnResponse(TRITONSERVER_InferenceResponse*, uint32_t, void*);
  static void OnRelease(TRITONSERVER_InferenceRequest*, uint32_t, void*);

  TRITONSERVER_Server* const server_;
  TRITONSERVER_InferenceRequest* request_ = nullptr;
  TRITONSERVER_ResponseAllocator* allocator_ = nullptr;
  std::string error_;
  int32_t input_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Answer> answers_;
  bool released_ = true;
  std::thread::id release_thread_;
};

}  // namespace embedding
