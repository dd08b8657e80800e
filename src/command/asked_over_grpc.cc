#include "command/asked_over_grpc.h"

#include "base/json.h"
#include "client/grpc_words.h"
#include "client/message_json.h"
#include "command/json_members.h"
#include "config/json.h"
#include "config/model_config.pb.h"
#include "neso/protobuf_wire.h"

namespace neso::command {
namespace {

using wire::MessageWriter;

// The requests about one model begin so, but for those to the repository.
std::string NameAndVersion(const std::string& name, const std::string& version) {
  MessageWriter message;
  client::AddText(message, 1, name);
  client::AddText(message, 2, version);
  return message.bytes();
}

Expected<JsonAnswerPtr> ReadMessage(const std::string& message, std::span<const client::MessageField> fields) {
  ASSIGN_OR_RETURN(std::string text, client::MessageJson(message, fields));
  return JsonAnswer::Read(std::move(text));
}

// ModelConfigResponse as HTTP has it. Error: kInternal when it is none.
Expected<JsonAnswerPtr> ReadConfig(const std::string& response) {
  std::string_view config;
  const bool is_read = wire::ForEachField(response, [&config](const wire::Field& field) {
    if (field.number == 1) config = field.bytes;
    return true;
  });
  inference::ModelConfig parsed;
  if (!is_read || config.empty() || !parsed.ParseFromArray(config.data(), static_cast<int>(config.size())))
    return Internal("the server's answer cannot be read: it is no configuration of a model");
  return JsonAnswer::Read(ModelConfigToJson(parsed));
}

// RepositoryModelLoadRequest and RepositoryModelUnloadRequest.
class ControlMessage {
 public:
  explicit ControlMessage(const std::string& model) { client::AddText(message_, 2, model); }

  // `choice`: which field of ModelRepositoryParameter has the value.
  template <typename Value>
  void AddParameter(std::string_view name, uint32_t choice, Value value) {
    client::AddParameter(message_, 3, name, MessageWriter().Add(choice, value));
  }
  const std::string& bytes() const { return message_.bytes(); }

 private:
  MessageWriter message_;
};

}  // namespace

Expected<Condition> AskedOverGrpc::Live() { return AskWhether("ServerLive", {}); }

Expected<Condition> AskedOverGrpc::Ready(const std::string& model) {
  return model.empty() ? AskWhether("ServerReady", {}) : AskWhether("ModelReady", NameAndVersion(model, ""));
}

Expected<JsonAnswerPtr> AskedOverGrpc::Metadata(const std::string& model, const std::string& version) {
  if (model.empty()) {
    ASSIGN_OR_RETURN(const std::string response, Call("ServerMetadata", {}));
    return ReadMessage(response, client::kServerMetadataFields);
  }
  ASSIGN_OR_RETURN(const std::string response, Call("ModelMetadata", NameAndVersion(model, version)));
  return ReadMessage(response, client::kModelMetadataFields);
}

Expected<JsonAnswerPtr> AskedOverGrpc::Config(const std::string& model, const std::string& version) {
  ASSIGN_OR_RETURN(const std::string response, Call("ModelConfig", NameAndVersion(model, version)));
  return ReadConfig(response);
}

Expected<JsonAnswerPtr> AskedOverGrpc::Statistics(const std::string& model, const std::string& version) {
  ASSIGN_OR_RETURN(const std::string response, Call("ModelStatistics", NameAndVersion(model, version)));
  return ReadMessage(response, client::kModelStatisticsFields);
}

Expected<JsonAnswerPtr> AskedOverGrpc::Index(bool ready_only) {
  MessageWriter request;
  if (ready_only) request.Add(2, uint64_t{true});
  ASSIGN_OR_RETURN(const std::string response, Call("RepositoryIndex", request.bytes()));
  ASSIGN_OR_RETURN(const JsonAnswerPtr index, ReadMessage(response, client::kRepositoryIndexFields));
  return JsonAnswer::ReadArray(DumpJson(ArrayOf(index->root(), "models")));
}

Status AskedOverGrpc::Load(const std::string& model, const ModelOverride& instead) {
  constexpr uint32_t kText = 3, kBytes = 4;
  ControlMessage request(model);
  if (!instead.config.empty()) request.AddParameter("config", kText, std::string_view(instead.config));
  for (const auto& [path, bytes] : instead.files) request.AddParameter("file:" + path, kBytes, std::string_view(bytes));
  return Call("RepositoryModelLoad", request.bytes()).status();
}

Status AskedOverGrpc::Unload(const std::string& model, bool with_dependents) {
  constexpr uint32_t kBool = 1;
  ControlMessage request(model);
  if (with_dependents) request.AddParameter("unload_dependents", kBool, uint64_t{true});
  return Call("RepositoryModelUnload", request.bytes()).status();
}

Expected<std::string> AskedOverGrpc::Call(std::string_view method, const std::string& message) {
  Expected<std::string> answer = client_.Call(client::ServicePath(method), message, access_.timeout, access_.headers);
  if (!answer) return access_.Explain(answer.error());
  return answer;
}

Status AskedOverGrpc::CallForMany(std::string_view method, const std::string& message,
                                  std::function<bool(std::string_view)> take) {
  const Status ended =
      client_.CallForMany(client::ServicePath(method), message, access_.timeout, access_.headers, std::move(take));
  return ended.ok() ? ended : access_.Explain(ended);
}

Expected<Condition> AskedOverGrpc::AskWhether(std::string_view method, const std::string& message) {
  const Expected<std::string> response = Call(method, message);
  if (response) {
    const std::optional<wire::Field> answer = wire::Fields(*response).Next();
    return Condition{.holds = answer && answer->value != 0};
  }
  switch (response.error().code()) {
    case StatusCode::kUnavailable:  // there may be no server, or one of something else
    case StatusCode::kUnsupported:
    case StatusCode::kInternal: return response.error();
    default: return Condition{.reason = response.error().message()};
  }
}

}  // namespace neso::command
