#include "embedding.h"

#include <stdlib.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace embedding {

namespace fs = std::filesystem;

std::string Text(TRITONSERVER_Error* error) {
  if (error == nullptr) return "";
  std::string text = std::string(TRITONSERVER_ErrorCodeString(error)) + ": " + TRITONSERVER_ErrorMessage(error);
  TRITONSERVER_ErrorDelete(error);
  return text;
}

// --- models ----------------------------------------------------------------------------------------------------------

ModelFolder::ModelFolder() {
  std::string pattern = (fs::temp_directory_path() / "neso-capi-XXXXXX").string();
  path_ = mkdtemp(pattern.data());
}

ModelFolder::~ModelFolder() { fs::remove_all(path_); }

void ModelFolder::Write(const std::string& relative, const std::string& contents) const {
  const fs::path file = fs::path(path_) / relative;
  fs::create_directories(file.parent_path());
  std::ofstream(file) << contents;
}

void ModelFolder::Add(const std::string& name, const std::string& backend, const std::string& more,
                      int max_batch_size) const {
  Write(name + "/config.pbtxt", "backend: \"" + backend + "\"\nmax_batch_size: " + std::to_string(max_batch_size) +
                                    "\n"
                                    "input { name: \"IN\" data_type: TYPE_INT32 dims: 1 }\n"
                                    "output { name: \"OUT\" data_type: TYPE_INT32 dims: 1 }\n" +
                                    more);
  fs::create_directories(fs::path(path_) / name / "1");
}

std::string ModelFolder::ConfigJson(const std::string& backend) {
  return R"({"backend":")" + backend +
         R"(","input":[{"name":"IN","data_type":"TYPE_INT32","dims":[1]}],)"
         R"("output":[{"name":"OUT","data_type":"TYPE_INT32","dims":[1]}]})";
}

// --- server ----------------------------------------------------------------------------------------------------------

EmbeddedServer::EmbeddedServer(const ModelFolder& models, const ServerSettings& settings) {
  TRITONSERVER_ServerOptions* options = nullptr;
  EXPECT_EQ(Text(TRITONSERVER_ServerOptionsNew(&options)), "");
  EXPECT_EQ(Text(TRITONSERVER_ServerOptionsSetModelRepositoryPath(options, models.path().c_str())), "");
  EXPECT_EQ(Text(TRITONSERVER_ServerOptionsSetModelControlMode(options, settings.mode)), "");
  for (const std::string& name : settings.startup_models) {
    EXPECT_EQ(Text(TRITONSERVER_ServerOptionsSetStartupModel(options, name.c_str())), "");
  }
  EXPECT_EQ(Text(TRITONSERVER_ServerOptionsSetBackendDirectory(options, NESO_TEST_BACKENDS)), "");
  EXPECT_EQ(Text(TRITONSERVER_ServerOptionsSetExitOnError(options, settings.exit_on_error)), "");
  EXPECT_EQ(Text(TRITONSERVER_ServerOptionsSetExitTimeout(options, settings.exit_timeout_seconds)), "");
  error_ = Text(TRITONSERVER_ServerNew(&server_, options));
  EXPECT_EQ(Text(TRITONSERVER_ServerOptionsDelete(options)), "");
}

EmbeddedServer::~EmbeddedServer() { EXPECT_EQ(Text(TRITONSERVER_ServerDelete(server_)), ""); }

std::string EmbeddedServer::Json(const std::function<TRITONSERVER_Error*(TRITONSERVER_Message**)>& query) {
  TRITONSERVER_Message* message = nullptr;
  if (std::string error = Text(query(&message)); !error.empty()) return error;
  const char* base = nullptr;
  size_t size = 0;
  EXPECT_EQ(Text(TRITONSERVER_MessageSerializeToJson(message, &base, &size)), "");
  std::string json(base, size);
  EXPECT_EQ(Text(TRITONSERVER_MessageDelete(message)), "");
  return json;
}

std::string EmbeddedServer::Index() const {
  return Json([this](TRITONSERVER_Message** message) { return TRITONSERVER_ServerModelIndex(server_, 0, message); });
}

std::string EmbeddedServer::Statistics(const char* model) const {
  return Json(
      [&](TRITONSERVER_Message** message) { return TRITONSERVER_ServerModelStatistics(server_, model, -1, message); });
}

std::string EmbeddedServer::Metrics() const {
  TRITONSERVER_Metrics* metrics = nullptr;
  EXPECT_EQ(Text(TRITONSERVER_ServerMetrics(server_, &metrics)), "");
  const char* base = nullptr;
  size_t size = 0;
  EXPECT_EQ(Text(TRITONSERVER_MetricsFormatted(metrics, TRITONSERVER_METRIC_PROMETHEUS, &base, &size)), "");
  std::string text(base, size);
  EXPECT_EQ(Text(TRITONSERVER_MetricsDelete(metrics)), "");
  return text;
}

void EmbeddedServer::WaitForIndex(const std::string& text) const {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (Index().find(text) == std::string::npos && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_THAT(Index(), ::testing::HasSubstr(text));
}

// --- calls -----------------------------------------------------------------------------------------------------------

Call::Call(const EmbeddedServer& server, const char* model, int64_t version) : server_(server.get()) {
  EXPECT_EQ(Text(TRITONSERVER_ResponseAllocatorNew(&allocator_, Allocate, Free, Start)), "");
  error_ = Text(TRITONSERVER_InferenceRequestNew(&request_, server_, model, version));
  if (request_ == nullptr) return;
  EXPECT_EQ(Text(TRITONSERVER_InferenceRequestSetReleaseCallback(request_, OnRelease, this)), "");
  EXPECT_EQ(Text(TRITONSERVER_InferenceRequestSetResponseCallback(request_, allocator_, this, OnResponse, this)), "");
}

Call::~Call() {
  WaitForRelease();
  EXPECT_EQ(Text(TRITONSERVER_InferenceRequestDelete(request_)), "");
  EXPECT_EQ(Text(TRITONSERVER_ResponseAllocatorDelete(allocator_)), "");
}

void Call::SetInput(int32_t value) {
  input_ = value;
  const int64_t shape[] = {1};
  EXPECT_EQ(Text(TRITONSERVER_InferenceRequestRemoveAllInputs(request_)), "");
  EXPECT_EQ(Text(TRITONSERVER_InferenceRequestAddInput(request_, "IN", TRITONSERVER_TYPE_INT32, shape, 1)), "");
  EXPECT_EQ(Text(TRITONSERVER_InferenceRequestAppendInputData(request_, "IN", &input_, sizeof(input_),
                                                              TRITONSERVER_MEMORY_CPU, 0)),
            "");
}

std::string Call::Send(TRITONSERVER_InferenceTrace* trace) {
  {
    std::lock_guard lock(mutex_);
    released_ = false;
  }
  std::string error = Text(TRITONSERVER_ServerInferAsync(server_, request_, trace));
  if (!error.empty()) {
    std::lock_guard lock(mutex_);
    released_ = true;
  }
  return error;
}

Answer Call::Wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !answers_.empty(); });
  Answer answer = answers_.front();
  answers_.erase(answers_.begin());
  return answer;
}

void Call::WaitForRelease() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return released_; });
}

bool Call::released() {
  std::lock_guard lock(mutex_);
  return released_;
}

std::thread::id Call::release_thread() {
  std::lock_guard lock(mutex_);
  return release_thread_;
}

TRITONSERVER_Error* Call::Allocate(TRITONSERVER_ResponseAllocator*, const char*, size_t byte_size,
                                   TRITONSERVER_MemoryType, int64_t, void* userp, void** buffer, void** buffer_userp,
                                   TRITONSERVER_MemoryType* actual_type, int64_t* actual_id) {
  auto& call = *static_cast<Call*>(userp);
  ++call.allocations;
  if (call.throws_in_allocation) throw std::runtime_error("on purpose");
  if (!call.allocation_error.empty()) {
    return TRITONSERVER_ErrorNew(TRITONSERVER_ERROR_UNAVAILABLE, call.allocation_error.c_str());
  }
  *buffer = call.allocates_nothing ? nullptr : std::malloc(byte_size == 0 ? 1 : byte_size);
  *buffer_userp = userp;
  *actual_type = call.allocated_type;
  *actual_id = 0;
  return nullptr;
}

TRITONSERVER_Error* Call::Free(TRITONSERVER_ResponseAllocator*, void* buffer, void* buffer_userp, size_t,
                               TRITONSERVER_MemoryType, int64_t) {
  auto& call = *static_cast<Call*>(buffer_userp);
  ++call.releases;
  std::free(buffer);
  if (call.throws_in_release) throw std::runtime_error("on purpose");
  return nullptr;
}

TRITONSERVER_Error* Call::Start(TRITONSERVER_ResponseAllocator*, void* userp) {
  ++static_cast<Call*>(userp)->starts;
  return nullptr;
}

void Call::OnResponse(TRITONSERVER_InferenceResponse* response, uint32_t flags, void* userp) {
  auto& call = *static_cast<Call*>(userp);
  Answer answer;
  answer.flags = flags;
  answer.empty = response == nullptr;
  if (response != nullptr) {
    answer.error = Text(TRITONSERVER_InferenceResponseError(response));
    if (answer.error.empty()) {
      const char* name = nullptr;
      TRITONSERVER_DataType datatype;
      const int64_t* shape = nullptr;
      uint64_t dims = 0;
      const void* base = nullptr;
      size_t byte_size = 0;
      TRITONSERVER_MemoryType memory_type;
      int64_t memory_type_id = 0;
      void* output_userp = nullptr;
      EXPECT_EQ(Text(TRITONSERVER_InferenceResponseOutput(response, 0, &name, &datatype, &shape, &dims, &base,
                                                          &byte_size, &memory_type, &memory_type_id, &output_userp)),
                "");
      EXPECT_STREQ(name, "OUT");
      EXPECT_EQ(byte_size, sizeof(int32_t));
      EXPECT_EQ(output_userp, userp);
      if (base != nullptr) std::memcpy(&answer.value, base, sizeof(int32_t));
    }
    EXPECT_EQ(Text(TRITONSERVER_InferenceResponseDelete(response)), "");
  }
  // Under the lock: the waiter may take the call down as soon as it can.
  std::lock_guard lock(call.mutex_);
  call.answers_.push_back(std::move(answer));
  call.changed_.notify_all();
}

void Call::OnRelease(TRITONSERVER_InferenceRequest* request, uint32_t flags, void* userp) {
  EXPECT_EQ(flags, static_cast<uint32_t>(TRITONSERVER_REQUEST_RELEASE_ALL));
  auto& call = *static_cast<Call*>(userp);
  std::lock_guard lock(call.mutex_);
  call.released_ = true;
  call.release_thread_ = std::this_thread::get_id();
  call.changed_.notify_all();
}

}  // namespace embedding
