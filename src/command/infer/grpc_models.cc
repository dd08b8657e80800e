#include "command/infer/grpc_models.h"

#include <fmt/format.h>

#include "client/grpc_words.h"
#include "client/infer_response.h"
#include "client/message_json.h"
#include "command/json_members.h"
#include "command/model_index.h"
#include "config/json.h"
#include "config/model_config.pb.h"
#include "neso/protobuf_wire.h"

namespace neso::command {
namespace {

using wire::MessageWriter;

// ModelInferRequest.
std::string RequestOf(const InferQuestion& question) {
  MessageWriter message;
  client::AddText(message, 1, question.model);
  client::AddText(message, 2, question.version);
  client::AddText(message, 3, question.id);
  for (const auto& [name, value] : question.parameters)
    client::AddParameter(message, 4, name, std::visit(client::MakeParameter(), ReadParameter(value)));
  for (const Tensor& input : question.inputs)
    message.Add(5, client::InputMessage(input.name, input.TypeName(), input.shape));
  for (const std::string& name : question.outputs) {
    MessageWriter output;
    output.Add(1, std::string_view(name));
    if (question.classes > 0)
      client::AddParameter(output, 2, "classification", client::MakeParameter()(int64_t{question.classes}));
    message.Add(6, output);
  }
  for (const Tensor& input : question.inputs) message.Add(7, std::string_view(input.bytes));
  return message.bytes();
}

Expected<InferAnswer> AnswerOf(std::string_view message) {
  ASSIGN_OR_RETURN(const client::InferResponse response, client::ReadInferResponse(message));
  InferAnswer answer{
      .model = std::string(response.model), .version = std::string(response.version), .id = std::string(response.id)};
  for (const client::OutputTensor& output : response.outputs) {
    answer.outputs.push_back({.name = std::string(output.name),
                              .datatype = FindDataType(output.datatype, &DataTypeFacts::name),
                              .shape = output.shape,
                              .bytes = std::string(output.bytes)});
  }
  return answer;
}

std::string NameAndVersion(const std::string& name, const std::string& version) {
  MessageWriter message;
  client::AddText(message, 1, name);
  client::AddText(message, 2, version);
  return message.bytes();
}

// ModelConfigResponse as HTTP has it. Error: kInternal when it is none.
Expected<JsonAnswerPtr> ReadConfig(const std::string& response) {
  const std::optional<wire::Field> config = wire::Fields(response).Next();
  inference::ModelConfig parsed;
  if (config && !parsed.ParseFromArray(config->bytes.data(), static_cast<int>(config->bytes.size())))
    return Internal("the server's answer cannot be read: it is no configuration of a model");
  return JsonAnswer::Read(ModelConfigToJson(parsed));
}

}  // namespace

Expected<std::string> GrpcModels::Call(std::string_view method, const std::string& message) {
  Expected<std::string> answer = client_.Call(client::ServicePath(method), message, access_.timeout, access_.headers);
  if (!answer) return access_.Explain(answer.error());
  return answer;
}

Expected<ModelFacts> GrpcModels::AskModel(const std::string& name, const std::string& version) {
  const std::string asked = NameAndVersion(name, version);
  const Expected<std::string> metadata = Call("ModelMetadata", asked);
  if (!metadata) return ExplainModel(name, metadata.error());
  const Expected<std::string> config = Call("ModelConfig", asked);
  if (!config) return ExplainModel(name, config.error());
  ASSIGN_OR_RETURN(std::string metadata_text, client::MessageJson(*metadata, client::kModelMetadataFields));
  ASSIGN_OR_RETURN(const JsonAnswerPtr metadata_json, JsonAnswer::Read(std::move(metadata_text)));
  ASSIGN_OR_RETURN(const JsonAnswerPtr config_json, ReadConfig(*config));
  ASSIGN_OR_RETURN(ModelFacts facts, ReadModelFacts(metadata_json->root(), config_json->root()));
  facts.version = version;
  return facts;
}

Status GrpcModels::ExplainModel(const std::string& name, const Status& error) {
  const Expected<std::string> index = Call("RepositoryIndex", {});
  if (!index) return error;  // nobody need be allowed to see it
  ASSIGN_OR_RETURN(std::string text, client::MessageJson(*index, client::kRepositoryIndexFields));
  ASSIGN_OR_RETURN(const JsonAnswerPtr json, JsonAnswer::Read(std::move(text)));
  return command::ExplainModel(name, ReadIndex(ArrayOf(json->root(), "models")), error);
}

Expected<InferAnswer> GrpcModels::Infer(const InferQuestion& question) {
  ASSIGN_OR_RETURN(const std::string answer, Call("ModelInfer", RequestOf(question)));
  return AnswerOf(answer);
}

Status GrpcModels::InferForMany(const InferQuestion& question, const std::function<Status(const InferAnswer&)>& take) {
  Status failure;
  const auto take_message = [&](std::string_view message) -> Status {
    ASSIGN_OR_RETURN(const client::StreamAnswer streamed, client::ReadStreamAnswer(message));
    if (!streamed.error.empty()) return Internal("{}", streamed.error);
    if (!streamed.has_outputs) return {};
    ASSIGN_OR_RETURN(const InferAnswer answer, AnswerOf(streamed.response));
    return take(answer);
  };
  const auto goes_on = [&](std::string_view message) {
    failure = take_message(message);
    return failure.ok();
  };
  const Status ended = client_.CallForMany(client::ServicePath("ModelStreamInfer"), RequestOf(question),
                                           access_.timeout, access_.headers, goes_on);
  return ended.ok() ? failure : access_.Explain(ended);
}

}  // namespace neso::command
