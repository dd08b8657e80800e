#include "fake_server.h"

#include <utility>

#include "neso/backend/copy.h"
#include "neso/backend/datatype.h"
#include "neso/backend/json.h"
#include "neso/backend/text.h"

struct TRITONSERVER_Error {
  TRITONSERVER_Error_Code code;
  std::string message;
};
struct TRITONSERVER_Message {
  std::string text;
};
struct TRITONBACKEND_Model {
  TRITONSERVER_Message config;
  std::string name = "model";
  void* state = nullptr;
};
struct TRITONBACKEND_ModelInstance {
  TRITONBACKEND_Model* model = nullptr;
  std::vector<uint64_t> batches;
  void* state = nullptr;
};
struct TRITONBACKEND_ModelInstanceResponseStatistics {
  TRITONBACKEND_ResponseFactory* factory = nullptr;
};

namespace {

using neso::backend::Concat;

uint32_t api_minor = TRITONBACKEND_API_VERSION_MINOR;
size_t copies = 0;
std::vector<std::string> errors;
std::vector<std::string> broken_rules;

void Require(bool kept, const std::string& rule) {
  if (!kept) broken_rules.push_back(rule);
}

std::string TextOf(TRITONSERVER_Error* error) {
  if (error == nullptr) return "";
  std::string text = error->message;
  TRITONSERVER_ErrorDelete(error);
  return text;
}

}  // namespace

struct FakeServer::Parts {
  TRITONBACKEND_Model model;
  TRITONBACKEND_ModelInstance instance;
};

FakeServer::FakeServer(std::string config) : parts_(std::make_unique<Parts>()) {
  parts_->model.config.text = std::move(config);
  parts_->instance.model = &parts_->model;
  api_minor = TRITONBACKEND_API_VERSION_MINOR;
  copies = 0;
  errors.clear();
  broken_rules.clear();
}

TRITONBACKEND_Model* FakeServer::model() { return &parts_->model; }
TRITONBACKEND_ModelInstance* FakeServer::instance() { return &parts_->instance; }
const std::string& FakeServer::config() const { return parts_->model.config.text; }
const std::vector<uint64_t>& FakeServer::batches() const { return parts_->instance.batches; }
void FakeServer::set_api_minor(uint32_t minor) { api_minor = minor; }
size_t FakeServer::gpu_copies() { return copies; }
std::vector<std::string>& FakeServer::errors_logged() { return errors; }
std::vector<std::string>& FakeServer::violations() { return broken_rules; }

// Tests that use only the SDK's classes link no entry points.
extern "C" {
__attribute__((weak)) TRITONSERVER_Error* TRITONBACKEND_Initialize(TRITONBACKEND_Backend*);
__attribute__((weak)) TRITONSERVER_Error* TRITONBACKEND_ModelInitialize(TRITONBACKEND_Model*);
__attribute__((weak)) TRITONSERVER_Error* TRITONBACKEND_ModelFinalize(TRITONBACKEND_Model*);
__attribute__((weak)) TRITONSERVER_Error* TRITONBACKEND_ModelInstanceInitialize(TRITONBACKEND_ModelInstance*);
__attribute__((weak)) TRITONSERVER_Error* TRITONBACKEND_ModelInstanceFinalize(TRITONBACKEND_ModelInstance*);
__attribute__((weak)) TRITONSERVER_Error* TRITONBACKEND_ModelInstanceExecute(TRITONBACKEND_ModelInstance*,
                                                                             TRITONBACKEND_Request**, const uint32_t);
}

FakeServer::~FakeServer() {
  if (parts_->instance.state != nullptr) (void)TextOf(TRITONBACKEND_ModelInstanceFinalize(&parts_->instance));
  if (parts_->model.state != nullptr) (void)TextOf(TRITONBACKEND_ModelFinalize(&parts_->model));
}

std::string FakeServer::Load() {
  if (std::string error = TextOf(TRITONBACKEND_Initialize(nullptr)); !error.empty()) return error;
  if (std::string error = TextOf(TRITONBACKEND_ModelInitialize(&parts_->model)); !error.empty()) return error;
  return TextOf(TRITONBACKEND_ModelInstanceInitialize(&parts_->instance));
}

std::string FakeServer::Execute(std::vector<FakeRequest*> requests) {
  std::string error = TextOf(
      TRITONBACKEND_ModelInstanceExecute(&parts_->instance, requests.data(), static_cast<uint32_t>(requests.size())));
  if (error.empty()) {
    for (const FakeRequest* request : requests) {
      Require(request->ended, "a request got no final response");
      Require(request->releases == 1, Concat("a request was released ", request->releases, " times"));
      Require(request->statistics == 1, Concat("a request was reported ", request->statistics, " times"));
    }
  }
  return error;
}

extern "C" {

// ---- Errors, messages, log

TRITONSERVER_Error* TRITONSERVER_ErrorNew(TRITONSERVER_Error_Code code, const char* msg) {
  return new TRITONSERVER_Error{code, msg};
}
void TRITONSERVER_ErrorDelete(TRITONSERVER_Error* error) { delete error; }
TRITONSERVER_Error_Code TRITONSERVER_ErrorCode(TRITONSERVER_Error* error) { return error->code; }
const char* TRITONSERVER_ErrorMessage(TRITONSERVER_Error* error) { return error->message.c_str(); }

TRITONSERVER_Error* TRITONSERVER_MessageNewFromSerializedJson(TRITONSERVER_Message** message, const char* base,
                                                              size_t size) {
  *message = new TRITONSERVER_Message{std::string(base, size)};
  return nullptr;
}
TRITONSERVER_Error* TRITONSERVER_MessageDelete(TRITONSERVER_Message* message) {
  delete message;
  return nullptr;
}
TRITONSERVER_Error* TRITONSERVER_MessageSerializeToJson(TRITONSERVER_Message* message, const char** base,
                                                        size_t* size) {
  *base = message->text.data();
  *size = message->text.size();
  return nullptr;
}

bool TRITONSERVER_LogIsEnabled(TRITONSERVER_LogLevel level) { return level == TRITONSERVER_LOG_ERROR; }
TRITONSERVER_Error* TRITONSERVER_LogMessage(TRITONSERVER_LogLevel, const char*, const int, const char* msg) {
  errors.emplace_back(msg);
  return nullptr;
}

TRITONSERVER_Error* TRITONSERVER_InferenceTraceReportActivity(TRITONSERVER_InferenceTrace* trace, uint64_t,
                                                              const char* name) {
  trace->request->activities.emplace_back(name);
  return nullptr;
}

// ---- Backend, model, instance

TRITONSERVER_Error* TRITONBACKEND_ApiVersion(uint32_t* major, uint32_t* minor) {
  *major = TRITONBACKEND_API_VERSION_MAJOR;
  *minor = api_minor;
  return nullptr;
}
TRITONSERVER_Error* TRITONBACKEND_BackendConfig(TRITONBACKEND_Backend*, TRITONSERVER_Message** message) {
  static TRITONSERVER_Message config{R"({"cmdline":{"default-max-batch-size":"4"}})"};
  *message = &config;
  return nullptr;
}
TRITONSERVER_Error* TRITONBACKEND_BackendArtifacts(TRITONBACKEND_Backend*, TRITONBACKEND_ArtifactType* type,
                                                   const char** location) {
  *type = TRITONBACKEND_ARTIFACT_FILESYSTEM;
  *location = "/backends/fake";
  return nullptr;
}
TRITONSERVER_Error* TRITONBACKEND_ModelBackend(TRITONBACKEND_Model*, TRITONBACKEND_Backend** backend) {
  *backend = nullptr;
  return nullptr;
}
TRITONSERVER_Error* TRITONBACKEND_ModelName(TRITONBACKEND_Model* model, const char** name) {
  *name = model->name.c_str();
  return nullptr;
}
TRITONSERVER_Error* TRITONBACKEND_ModelVersion(TRITONBACKEND_Model*, uint64_t* version) {
  *version = 1;
  return nullptr;
}
TRITONSERVER_Error* TRITONBACKEND_ModelRepository(TRITONBACKEND_Model*, TRITONBACKEND_ArtifactType* type,
                                                  const char** location) {
  *type = TRITONBACKEND_ARTIFACT_FILESYSTEM;
  *location = "/models/model";
  return nullptr;
}
TRITONSERVER_Error* TRITONBACKEND_ModelAutoCompleteConfig(TRITONBACKEND_Model*, bool* auto_complete) {
  *auto_complete = true;
  return nullptr;
}
TRITONSERVER_Error* TRITONBACKEND_ModelConfig(TRITONBACKEND_Model* model, const uint32_t,
                                              TRITONSERVER_Message** config) {
  *config = new TRITONSERVER_Message(model->config);
  return nullptr;
}
TRITONSERVER_Error* TRITONBACKEND_ModelSetConfig(TRITONBACKEND_Model* model, const uint32_t,
                                                 TRITONSERVER_Message* config) {
  model->config = *config;
  return nullptr;
}
TRITONSERVER_Error* TRITONBACKEND_ModelState(TRITONBACKEND_Model* model, void** state) {
  *state = model->state;
  return nullptr;
}
TRITONSERVER_Error* TRITONBACKEND_ModelSetState(TRITONBACKEND_Model* model, void* state) {
  model->state = state;
  return nullptr;
}
TRITONSERVER_Error* TRITONBACKEND_ModelInstanceName(TRITONBACKEND_ModelInstance*, const char** name) {
  *name = "model_0_0";
  return nullptr;
}
TRITONSERVER_Error* TRITONBACKEND_ModelInstanceKind(TRITONBACKEND_ModelInstance*,
                                                    TRITONSERVER_InstanceGroupKind* kind) {
  *kind = TRITONSERVER_INSTANCEGROUPKIND_CPU;
  return nullptr;
}
TRITONSERVER_Error* TRITONBACKEND_ModelInstanceDeviceId(TRITONBACKEND_ModelInstance*, int32_t* device_id) {
  *device_id = 0;
  return nullptr;
}
TRITONSERVER_Error* TRITONBACKEND_ModelInstanceModel(TRITONBACKEND_ModelInstance* instance,
                                                     TRITONBACKEND_Model** model) {
  *model = instance->model;
  return nullptr;
}
TRITONSERVER_Error* TRITONBACKEND_ModelInstanceState(TRITONBACKEND_ModelInstance* instance, void** state) {
  *state = instance->state;
  return nullptr;
}
TRITONSERVER_Error* TRITONBACKEND_ModelInstanceSetState(TRITONBACKEND_ModelInstance* instance, void* state) {
  instance->state = state;
  return nullptr;
}

// ---- Memory

TRITONSERVER_Error* TRITONBACKEND_BackendMemoryManager(TRITONBACKEND_Backend*, TRITONBACKEND_MemoryManager** manager) {
  *manager = nullptr;
  return nullptr;
}
// Of GPU 9 there is none.
TRITONSERVER_Error* TRITONBACKEND_MemoryManagerAllocate(TRITONBACKEND_MemoryManager*, void** buffer,
                                                        const TRITONSERVER_MemoryType type, const int64_t type_id,
                                                        const uint64_t size) {
  if (type == TRITONSERVER_MEMORY_GPU && type_id == 9) {
    return TRITONSERVER_ErrorNew(TRITONSERVER_ERROR_UNAVAILABLE, "no memory of GPU 9");
  }
  *buffer = ::operator new(size);
  return nullptr;
}
TRITONSERVER_Error* TRITONBACKEND_MemoryManagerFree(TRITONBACKEND_MemoryManager*, void* buffer,
                                                    const TRITONSERVER_MemoryType, const int64_t) {
  ::operator delete(buffer);
  return nullptr;
}
TRITONSERVER_Error* NESOBACKEND_MemoryCopy(void* to, TRITONSERVER_MemoryType, int64_t, const void* from,
                                           TRITONSERVER_MemoryType, int64_t, uint64_t byte_size) {
  ++copies;
  std::memcpy(to, from, byte_size);
  return nullptr;
}

// ---- Statistics

TRITONSERVER_Error* TRITONBACKEND_ModelInstanceReportStatistics(TRITONBACKEND_ModelInstance*,
                                                                TRITONBACKEND_Request* request, const bool success,
                                                                const uint64_t exec_start, const uint64_t compute_start,
                                                                const uint64_t compute_end, const uint64_t exec_end) {
  Require(exec_start <= compute_start && compute_start <= compute_end && compute_end <= exec_end, "times go back");
  Require(request->releases == 0, "a request was reported after its release");
  ++request->statistics;
  request->succeeded = success;
  return nullptr;
}
TRITONSERVER_Error* TRITONBACKEND_ModelInstanceReportBatchStatistics(TRITONBACKEND_ModelInstance* instance,
                                                                     const uint64_t batch_size, const uint64_t,
                                                                     const uint64_t, const uint64_t, const uint64_t) {
  instance->batches.push_back(batch_size);
  return nullptr;
}
TRITONSERVER_Error* TRITONBACKEND_ModelInstanceResponseStatisticsNew(
    TRITONBACKEND_ModelInstanceResponseStatistics** statistics) {
  *statistics = new TRITONBACKEND_ModelInstanceResponseStatistics;
  return nullptr;
}
TRITONSERVER_Error* TRITONBACKEND_ModelInstanceResponseStatisticsDelete(
    TRITONBACKEND_ModelInstanceResponseStatistics* statistics) {
  delete statistics;
  return nullptr;
}
TRITONSERVER_Error* TRITONBACKEND_ModelInstanceResponseStatisticsSetModelInstance(
    TRITONBACKEND_ModelInstanceResponseStatistics*, TRITONBACKEND_ModelInstance*) {
  return nullptr;
}
TRITONSERVER_Error* TRITONBACKEND_ModelInstanceResponseStatisticsSetResponseFactory(
    TRITONBACKEND_ModelInstanceResponseStatistics* statistics, TRITONBACKEND_ResponseFactory* factory) {
  statistics->factory = factory;
  return nullptr;
}
TRITONSERVER_Error* TRITONBACKEND_ModelInstanceResponseStatisticsSetResponseStart(
    TRITONBACKEND_ModelInstanceResponseStatistics*, uint64_t) {
  return nullptr;
}
TRITONSERVER_Error* TRITONBACKEND_ModelInstanceResponseStatisticsSetComputeOutputStart(
    TRITONBACKEND_ModelInstanceResponseStatistics*, uint64_t) {
  return nullptr;
}
TRITONSERVER_Error* TRITONBACKEND_ModelInstanceResponseStatisticsSetResponseEnd(
    TRITONBACKEND_ModelInstanceResponseStatistics*, uint64_t) {
  return nullptr;
}
TRITONSERVER_Error* TRITONBACKEND_ModelInstanceResponseStatisticsSetError(
    TRITONBACKEND_ModelInstanceResponseStatistics*, TRITONSERVER_Error*) {
  return nullptr;
}
TRITONSERVER_Error* TRITONBACKEND_ModelInstanceReportResponseStatistics(
    TRITONBACKEND_ModelInstanceResponseStatistics* statistics) {
  Require(statistics->factory != nullptr, "response statistics without a factory");
  return nullptr;
}

}  // extern "C"
