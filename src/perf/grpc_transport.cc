#include "perf/grpc_transport.h"

#include <optional>

#include "client/access_key.h"
#include "client/grpc_words.h"
#include "client/message_json.h"
#include "config/json.h"
#include "neso/protobuf_wire.h"
#include "perf/grpc_answer.h"
#include "perf/grpc_bytes.h"

namespace neso::perf {
namespace {

using client::AddParameter;
using client::AddText;
using client::MessageField;
using client::ServicePath;
using wire::MessageWriter;

constexpr size_t kLanesPerLine = 6;
constexpr size_t kMostStreams = 16;

struct QuestionFacts {
  std::string_view method;
  std::span<const client::MessageField> answer;
};
QuestionFacts FactsOf(Question question) {
  switch (question) {
    case Question::kMetadata: return {"ModelMetadata", client::kModelMetadataFields};
    case Question::kConfig: return {"ModelConfig", {}};
    case Question::kStatistics: return {"ModelStatistics", client::kModelStatisticsFields};
  }
  return {};
}

// Where it lies, if not in the message.
void AddPlace(MessageWriter& message, uint32_t field, const SharedPlace& place) {
  if (place.region.empty()) return;
  const client::MakeParameter make;
  AddParameter(message, field, "shared_memory_region", make(place.region));
  AddParameter(message, field, "shared_memory_offset", make(static_cast<int64_t>(place.offset)));
  AddParameter(message, field, "shared_memory_byte_size", make(static_cast<int64_t>(place.bytes)));
}

std::string_view EncodingOf(const Options& options) { return net::ContentEncodingName(options.grpc_compression); }

std::string RegionMethod(const SharedRegion& region, std::string_view what) {
  return fmt::format("{}SharedMemory{}", region.key.empty() ? "Cuda" : "System", what);
}

// ModelConfigResponse as HTTP has it. Error: kInternal when it is none.
Expected<std::string> ConfigJson(std::string_view response) {
  const std::optional<wire::Field> config = wire::Fields(response).Next();  // the only one
  inference::ModelConfig parsed;
  if (!config || !parsed.ParseFromArray(config->bytes.data(), static_cast<int>(config->bytes.size())))
    return Internal("the server's answer cannot be read: it is no configuration of a model");
  return ModelConfigToJson(parsed);
}

class UnaryAnswer final : public Answer {
 public:
  explicit UnaryAnswer(std::string_view response) : response_(response) {}
  Expected<std::vector<Tensor>> Outputs() const override { return ReadGrpcOutputs(response_); }

 private:
  const std::string_view response_;
};

class UnaryLane final : public Lane, private client::GrpcCall::Listener {
 public:
  UnaryLane(GrpcLine& line, const client::GrpcMethod& method, net::ContentEncoding compression,
            Lane::Listener& listener)
      : line_(line), method_(method), compression_(compression), listener_(listener) {}

  void Send(const InferBytes& bytes, const Turn& turn) override {
    const Expected<client::GrpcConnection*> connection = line_.Ready();
    if (!connection) return listener_.OnFailure(connection.error());
    const auto request = std::make_shared<GrpcRequest>(MakeGrpcRequest(bytes.body, {}, turn, compression_));
    call_.Begin(**connection, method_);
    call_.SendAndFinish({.head = request->head, .body = request->body, .keep = request});
  }

 private:
  void OnMessage(client::GrpcCall&, std::string_view message) override { listener_.OnAnswer(UnaryAnswer(message)); }
  void OnEnd(client::GrpcCall&, const net::GrpcStatus& status) override {
    if (status.code == net::GrpcCode::kOk) return listener_.OnEnd();
    listener_.OnFailure(client::StatusOf(status).WithContext("the server answers"));
  }

  GrpcLine& line_;
  const client::GrpcMethod& method_;
  const net::ContentEncoding compression_;
  Lane::Listener& listener_;
  client::GrpcCall call_{*this};
};

}  // namespace

GrpcTransport::GrpcTransport(client::Endpoint endpoint, const Options& options)
    : endpoint_(std::move(endpoint)),
      options_(options),
      infer_(endpoint_, ServicePath("ModelInfer"), options.headers, {}, EncodingOf(options)),
      stream_infer_(endpoint_, ServicePath("ModelStreamInfer"), options.headers, {}, EncodingOf(options)),
      client_(endpoint_) {}

Expected<std::string> GrpcTransport::Ask(Question question, const std::string& model, const std::string& version) {
  MessageWriter asked;
  AddText(asked, 1, model);
  AddText(asked, 2, version);
  const QuestionFacts facts = FactsOf(question);
  ASSIGN_OR_RETURN(const std::string answer, Call(facts.method, asked));
  return question == Question::kConfig ? ConfigJson(answer) : client::MessageJson(answer, facts.answer);
}

Expected<std::string> GrpcTransport::Call(std::string_view method, const MessageWriter& message,
                                          const client::Patience& patience) {
  Expected<std::string> answer = client_.Call(ServicePath(method), message.bytes(), patience, options_.headers);
  if (answer || !answer.error().message().starts_with("UNAUTHENTICATED")) return answer;
  return Status(answer.error().code(), answer.error().message() + std::string(client::kAccessKeyHint));
}

Expected<InferBytes> GrpcTransport::Encode(const TensorSet& request, const ModelFacts& facts) const {
  MessageWriter message;
  AddText(message, 1, options_.model);
  AddText(message, 2, options_.version);
  if (facts.is_decoupled) AddParameter(message, 4, "triton_enable_empty_final_response", client::MakeParameter()(true));
  for (const RequestParameter& parameter : options_.parameters)
    AddParameter(message, 4, parameter.name, std::visit(client::MakeParameter(), parameter.value));
  for (const Tensor& input : request.inputs) {
    MessageWriter tensor = client::InputMessage(input.name, input.datatype, input.shape);
    AddPlace(tensor, 4, input.place);
    message.Add(5, tensor);
  }
  for (const PlacedOutput& output : request.outputs) {
    MessageWriter asked;
    asked.Add(1, std::string_view(output.name));
    AddPlace(asked, 2, output.place);
    message.Add(6, asked);
  }
  for (const Tensor& input : request.inputs) {
    if (input.place.region.empty()) message.Add(7, std::string_view(input.bytes));
  }
  if (message.bytes().size() > INT32_MAX) return InvalidArg("the inputs are more than fit into a gRPC message");
  return InferBytes{.head = {}, .body = message.bytes(), .is_decoupled = facts.is_decoupled};
}

Status GrpcTransport::SetTrace(const TraceSettings& settings) {
  MessageWriter asked;
  for (const auto& [name, values] : settings) {
    MessageWriter list, entry;
    for (const std::string& value : values) list.Add(1, std::string_view(value));
    entry.Add(1, std::string_view(name)).Add(2, list);
    asked.Add(1, entry);
  }
  return Call("TraceSetting", asked).status();
}

Status GrpcTransport::Load(const std::string& model, const std::string& config) {
  MessageWriter asked;
  AddText(asked, 2, model);
  if (!config.empty()) AddParameter(asked, 3, "config", client::MakeParameter()(config));
  return Call("RepositoryModelLoad", asked, kLoadPatience).status();
}

Status GrpcTransport::Unload(const std::string& model) {
  MessageWriter asked;
  AddText(asked, 2, model);
  return Call("RepositoryModelUnload", asked, kLoadPatience).status();
}

Status GrpcTransport::Register(const SharedRegion& region) {
  MessageWriter asked;
  asked.Add(1, std::string_view(region.name));
  if (region.key.empty()) {
    asked.Add(2, std::string_view(region.cuda_handle)).Add(3, static_cast<uint64_t>(region.device));
  } else {
    asked.Add(2, std::string_view(region.key));
  }
  asked.Add(4, region.bytes);
  return Call(RegionMethod(region, "Register"), asked).status();
}

Status GrpcTransport::Unregister(const SharedRegion& region) {
  MessageWriter asked;
  asked.Add(1, std::string_view(region.name));
  return Call(RegionMethod(region, "Unregister"), asked).status();
}

Expected<std::unique_ptr<Lane>> GrpcTransport::OpenLane(Lane::Listener& listener) {
  const size_t lane = lanes_++;
  const bool needs_line = options_.streaming ? lane < kMostStreams : lane % kLanesPerLine == 0;
  if (needs_line) {
    auto line = std::make_unique<GrpcLine>(loop_, endpoint_);
    RETURN_IF_ERROR(line->Ready().status());
    if (options_.streaming)
      streams_.push_back(std::make_unique<GrpcStream>(*line, stream_infer_, options_.grpc_compression));
    lines_.push_back(std::move(line));
  }
  if (options_.streaming) return streams_[lane % kMostStreams]->AddLane(listener);
  return std::unique_ptr<Lane>(
      std::make_unique<UnaryLane>(*lines_.back(), infer_, options_.grpc_compression, listener));
}

}  // namespace neso::perf
