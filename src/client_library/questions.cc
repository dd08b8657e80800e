#include "client_library/questions.h"

#include <optional>
#include <utility>

#include "client/message_json.h"
#include "client/server_words.h"
#include "client_library/grpc_message.h"
#include "client_library/infer_message.h"
#include "client_library/input_check.h"
#include "neso/protobuf_wire.h"

namespace neso::client_library {
namespace {

using client::HttpAnswer;

std::string NameMessage(const std::string& model) {
  return wire::MessageWriter().Add(1, std::string_view(model)).bytes();
}

bool IsOk(const HttpAnswer& answer) { return answer.status == 200; }
bool IsOk(const GrpcAnswer& answer) { return answer.status.code == net::GrpcCode::kOk; }

struct InferReader {
  Result<InferAnswer> operator()(const HttpAnswer& answer) const { return ReadInferAnswer(answer); }
  Result<InferAnswer> operator()(const GrpcAnswer& answer) const { return ReadInferAnswer(answer.message); }
};

struct MetadataReader {
  Result<std::string> operator()(const HttpAnswer& answer) const { return answer.body; }
  Result<std::string> operator()(const GrpcAnswer& answer) const {
    Expected<std::string> json = client::MessageJson(answer.message, client::kModelMetadataFields);
    if (!json) return ClientError{ErrorKind::kInternal, json.error().message()};
    return *std::move(json);
  }
};

// What `Reader` makes of an answer that is none of an error.
template <typename T, typename Reader>
Result<T> Read(const Answer& answer) {
  return std::visit([](const auto& said) -> Result<T> { return IsOk(said) ? Reader()(said) : ErrorOf(said); }, answer);
}

}  // namespace

Result<Question> AskInfer(const InferRequest& request, Spoken spoken) {
  if (std::optional<ClientError> error = CheckInputs(request)) return *std::move(error);
  Question question{.http = {}, .grpc = {"ModelInfer"}};
  if (spoken.http) question.http = WriteInferCall(request);
  if (spoken.grpc) {
    Result<std::string> message = WriteInferMessage(request);
    if (!message) return std::move(message).error();
    question.grpc.message = std::move(message).value();
  }
  return question;
}

Question AskReady() { return {.http = {.path = "/v2/health/ready"}, .grpc = {"ServerReady"}}; }

Question AskModelReady(const std::string& model) {
  return {.http = {.path = client::ModelPath(model) + "/ready"}, .grpc = {"ModelReady", {}, NameMessage(model)}};
}

Question AskModelMetadata(const std::string& model) {
  return {.http = {.path = client::ModelPath(model)}, .grpc = {"ModelMetadata", {}, NameMessage(model)}};
}

Result<InferAnswer> ReadInfer(const Answer& answer) { return Read<InferAnswer, InferReader>(answer); }

Result<std::string> ReadMetadata(const Answer& answer) { return Read<std::string, MetadataReader>(answer); }

Result<bool> ReadReady(const Answer& answer) {
  if (const auto* const http = std::get_if<HttpAnswer>(&answer)) return IsOk(*http);
  const auto& grpc = std::get<GrpcAnswer>(answer);
  bool is_ready = false;
  wire::ForEachField(grpc.message, [&is_ready](const wire::Field& field) {
    is_ready |= field.number == 1 && field.value != 0;
    return true;
  });
  return IsOk(grpc) && is_ready;
}

}  // namespace neso::client_library
