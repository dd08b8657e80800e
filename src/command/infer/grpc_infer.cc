#include "command/infer/grpc_infer.h"

#include "client/grpc_words.h"
#include "client/infer_response.h"
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
  if (!response.parameters.empty()) {
    ASSIGN_OR_RETURN(answer.parameters, client::ParametersJson(response));
  }
  for (const client::OutputTensor& output : response.outputs) {
    answer.outputs.push_back({.name = std::string(output.name),
                              .datatype = FindDataType(output.datatype, &DataTypeFacts::name),
                              .shape = output.shape,
                              .bytes = std::string(output.bytes)});
  }
  return answer;
}

}  // namespace

Expected<InferAnswer> InferOverGrpc(AskedOverGrpc& server, const InferQuestion& question) {
  ASSIGN_OR_RETURN(const std::string answer, server.Call("ModelInfer", RequestOf(question)));
  return AnswerOf(answer);
}

Status InferForMany(AskedOverGrpc& server, const InferQuestion& question,
                    const std::function<Status(const InferAnswer&)>& take) {
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
  RETURN_IF_ERROR(server.CallForMany("ModelStreamInfer", RequestOf(question), goes_on));
  return failure;
}

}  // namespace neso::command
