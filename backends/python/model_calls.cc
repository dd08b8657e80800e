#include "model_calls.h"

#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "message.h"
#include "neso/backend/json.h"
#include "worker_reply.h"

namespace neso::python {
namespace {

using backend::Status;

struct File {
  std::string name;
  std::vector<std::byte> bytes;
};

struct ModelCall {
  std::string model;
  std::string config;
  std::vector<File> files;
  int64_t version = -1;
  bool with_dependents = false;
};

struct ParameterDeleter {
  void operator()(TRITONSERVER_Parameter* parameter) const { TRITONSERVER_ParameterDelete(parameter); }
};
using ParameterPtr = std::unique_ptr<TRITONSERVER_Parameter, ParameterDeleter>;

// {"model", "config", "files": [[name, size]...], "version", "with_dependents"}, and the bytes of the files.
bool Parse(std::span<const std::byte> body, ModelCall& call) {
  MessageReader reader(body);
  const std::string_view json = reader.GetText(reader.Get<uint32_t>());
  rapidjson::Document head;
  head.Parse(json.data(), json.size());
  if (!reader.ok() || head.HasParseError() || !head.IsObject()) return false;
  call.model = backend::StringOr(head, "model");
  call.config = backend::StringOr(head, "config");
  call.version = backend::IntOr(head, "version", -1);
  call.with_dependents = backend::BoolOr(head, "with_dependents", false);
  const rapidjson::Value* files = backend::FindMember(head, "files");
  if (files == nullptr || !files->IsArray()) return true;
  for (const rapidjson::Value& file : files->GetArray()) {
    if (!file.IsArray() || file.Size() != 2 || !file[0].IsString() || !file[1].IsUint64()) return false;
    const std::string_view bytes = reader.GetText(file[1].GetUint64());
    if (!reader.ok()) return false;
    const auto span = std::as_bytes(std::span(bytes));
    call.files.push_back({.name = file[0].GetString(), .bytes = {span.begin(), span.end()}});
  }
  return true;
}

Status Load(TRITONSERVER_Server* server, const ModelCall& call) {
  std::vector<ParameterPtr> parameters;
  if (!call.config.empty()) {
    parameters.emplace_back(TRITONSERVER_ParameterNew("config", TRITONSERVER_PARAMETER_STRING, call.config.c_str()));
  }
  for (const File& file : call.files) {
    parameters.emplace_back(TRITONSERVER_ParameterBytesNew(file.name.c_str(), file.bytes.data(), file.bytes.size()));
  }
  std::vector<const TRITONSERVER_Parameter*> handles;
  for (const ParameterPtr& parameter : parameters) handles.push_back(parameter.get());
  return TRITONSERVER_ServerLoadModelWithParameters(server, call.model.c_str(), handles.data(), handles.size());
}

Status Unload(TRITONSERVER_Server* server, const ModelCall& call) {
  return call.with_dependents ? TRITONSERVER_ServerUnloadModelAndDependents(server, call.model.c_str())
                              : TRITONSERVER_ServerUnloadModel(server, call.model.c_str());
}

void Run(TRITONSERVER_Server* server, const WorkerMemory& memory, Call call, uint64_t id, const ModelCall& what) {
  if (call == Call::kLoadModel) return ReplyWithStatus(memory, id, Load(server, what));
  if (call == Call::kUnloadModel) return ReplyWithStatus(memory, id, Unload(server, what));
  bool ready = false;
  // A model that is not known is not ready.
  if (!Status(TRITONSERVER_ServerModelIsReady(server, what.model.c_str(), what.version, &ready)).ok()) ready = false;
  ReplyWithText(memory, id, ready ? kYes : 0, "");
}

}  // namespace

bool StartModelCall(TRITONSERVER_Server* server, const std::shared_ptr<WorkerMemory>& memory, Call call, uint64_t id,
                    std::span<const std::byte> body) {
  ModelCall what;
  if (!Parse(body, what)) return false;
  try {
    std::thread([server, memory, call, id, what = std::move(what)] { Run(server, *memory, call, id, what); }).detach();
  } catch (const std::system_error& error) {
    ReplyWithStatus(*memory, id, Status::Unavailable("no thread can be started: ", error.what()));
  }
  return true;
}

}  // namespace neso::python
