#include "frontend/grpc/infer_response.h"

#include <climits>
#include <list>
#include <utility>
#include <vector>

#include "base/block_cache.h"
#include "core/model.h"
#include "frontend/classification.h"
#include "frontend/grpc/wire_writer.h"
#include "frontend/running_request.h"

namespace neso {
namespace {

constexpr const char* kFinalResponse = "triton_final_response";
// Below this, copying a tensor costs less than another piece to send.
constexpr size_t kCopiedBytes = 1024;
constexpr size_t kMostDataType = 8;  // of a datatype's name
// A short message gets its prefix put in front.
constexpr size_t kRoomInFront = 16;
constexpr uint64_t kMaxMessageBytes = INT_MAX;

std::string EncodeValue(const ParameterValue& value) {
  std::string out;
  WireWriter writer(out);
  if (const bool* on = std::get_if<bool>(&value)) {
    writer.Number(1, *on ? 1 : 0);
  } else if (const int64_t* number = std::get_if<int64_t>(&value)) {
    writer.Number(2, static_cast<uint64_t>(*number));
  } else if (const std::string* text = std::get_if<std::string>(&value)) {
    writer.Text(3, *text);
  } else {
    writer.Double(4, std::get<double>(value));
  }
  return out;
}

void AppendParameter(BlockString& out, uint32_t field, std::string_view name, const ParameterValue& value) {
  std::string entry;
  WireWriter writer(entry);
  writer.Text(1, name);
  writer.Text(2, EncodeValue(value));
  WireWriter(out).Text(field, entry);
}

// What the pieces of a message point into. Not the response, which keeps its model: a client may read slowly.
struct Kept {
  std::vector<BufferRef> tensors;
  std::list<std::string> classes;  // rare
  BlockString text;
};

// What is sent of one output: its own tensor, or the classes made of it.
struct Sent {
  std::string_view name;
  DataType datatype;
  const Shape* shape;
  std::string_view bytes;
  const BufferRef* buffer = nullptr;  // where a tensor's bytes are
};

class Encoder {
 public:
  Encoder(std::unique_ptr<InferenceResponse> response, const GrpcInferOptions& options, const SharedTensors& shared)
      : options_(options), shared_(shared), response_(std::move(response)) {}

  Status Encode(std::optional<bool> is_final) {
    for (const NamedParameter& parameter : response_->parameters())
      AppendParameter(parameters_, 4, parameter.name, parameter.value);
    if (is_final) AppendParameter(parameters_, 4, kFinalResponse, *is_final);
    sent_.reserve(response_->outputs().size());
    for (const Output& output : response_->outputs()) {
      ASSIGN_OR_RETURN(Sent sent, Choose(output));
      sent_.push_back(sent);
    }
    text_.resize(MostText() + kRoomInFront);
    WireMemory memory(text_);
    WriteText(WireWriter(memory));
    text_.resize(memory.size());
    return {};
  }

  // The message, inside of the field infer_response of another when `in_stream`.
  Expected<net::GrpcMessage> Take(bool in_stream) {
    uint64_t inner = text_.size();
    for (const Splice& splice : splices_) inner += splice.part.size;
    net::GrpcMessage message;
    if (in_stream) WireWriter(message.head).BeginBytes(2, inner);
    const uint64_t total = message.head.size() + inner;
    if (total > kMaxMessageBytes) {
      return InvalidArg("Response has byte size {} which exceeds gRPC's byte size limit {}.", total, kMaxMessageBytes);
    }
    if (splices_.empty()) {  // nothing points anywhere: the tensors go back at once
      message.head.empty() ? message.head.swap(text_) : void(message.head += text_);
      return message;
    }
    message.head.append(text_, 0, splices_.front().at);
    kept_.text.swap(text_);
    for (const Splice& splice : splices_) {
      if (splice.buffer != nullptr) kept_.tensors.push_back(*splice.buffer);
    }
    const auto kept = std::make_shared<const Kept>(std::move(kept_));
    const BlockString& text = kept->text;
    for (size_t i = 0; i < splices_.size(); ++i) {
      message.parts.push_back(splices_[i].part);
      const size_t begin = splices_[i].at;
      const size_t end = i + 1 < splices_.size() ? splices_[i + 1].at : text.size();
      if (end > begin) message.parts.push_back({text.data() + begin, end - begin});
    }
    message.release = std::const_pointer_cast<Kept>(kept);
    return message;
  }

 private:
  Expected<Sent> Choose(const Output& output) {
    // First: what is in the client's memory is not looked at here, which may not even be able to.
    if (shared_.FindOutput(output.name()) != nullptr)
      return Sent{output.name(), output.datatype(), &output.shape(), {}};
    if (const auto asked = options_.classifications.find(output.name()); asked != options_.classifications.end()) {
      const bool batched = response_->factory()->model()->max_batch_size() > 0;
      ASSIGN_OR_RETURN(Classes classes, Classify(*response_, output, batched, asked->second));
      shapes_.push_back(std::move(classes.shape));
      return Sent{output.name(), DataType::kBytes, &shapes_.back(),
                  kept_.classes.emplace_back(std::move(classes.data))};
    }
    return Sent{output.name(),
                output.datatype(),
                &output.shape(),
                {static_cast<const char*>(output.base()), output.attributes().byte_size},
                RunningRequest::BufferOf(output)};
  }

  // No fewer bytes than WriteText writes.
  size_t MostText() const {
    constexpr size_t kMost = WireWriter<WireMemory>::kMost;
    constexpr size_t kFieldsOfMessage = 3;
    constexpr size_t kFieldsOfTensor = 5;  // its message, name, datatype, shape and contents
    const InferenceResponse& response = *response_;
    size_t bytes = kFieldsOfMessage * kMost + response.model_name().size() + version_.size() + response.id().size() +
                   parameters_.size();
    for (const Sent& sent : sent_) {
      bytes += (kFieldsOfTensor + sent.shape->size()) * kMost + sent.name.size() + kMostDataType;
      if (sent.bytes.size() <= kCopiedBytes) bytes += sent.bytes.size();
    }
    return bytes;
  }

  // All but the tensors that are not copied; notes where those belong.
  void WriteText(WireWriter<WireMemory> writer) {
    const InferenceResponse& response = *response_;
    writer.TextIfAny(1, response.model_name());
    writer.Text(2, version_);
    writer.TextIfAny(3, response.id());
    writer.Bytes(parameters_);
    for (const Sent& sent : sent_) WriteTensorHead(writer, sent);
    for (const auto& [name, datatype, shape, bytes, buffer] : sent_) {
      writer.BeginBytes(6, bytes.size());
      if (bytes.size() <= kCopiedBytes) {
        writer.Bytes(bytes);
      } else {
        splices_.push_back({writer.size(), {bytes.data(), bytes.size()}, buffer});
      }
    }
  }

  static void WriteTensorHead(WireWriter<WireMemory>& writer, const Sent& sent) {
    const std::string_view datatype = DataTypeName(sent.datatype);
    size_t dims = 0;
    for (const int64_t dim : *sent.shape) dims += WireVarintSize(static_cast<uint64_t>(dim));
    writer.BeginBytes(5, WireTextSizeIfAny(sent.name.size()) + WireTextSize(datatype.size()) + WireTextSizeIfAny(dims));
    writer.TextIfAny(1, sent.name);
    writer.Text(2, datatype);
    if (dims == 0) return;
    writer.BeginBytes(3, dims);
    for (const int64_t dim : *sent.shape) writer.Varint(static_cast<uint64_t>(dim));
  }

  struct Splice {
    size_t at;  // in text_
    net::BodyPart part;
    const BufferRef* buffer;  // null: kept elsewhere
  };
  const GrpcInferOptions& options_;
  const SharedTensors& shared_;
  const std::unique_ptr<InferenceResponse> response_;
  Kept kept_;  // becomes the message's when something points into it
  const std::string version_ = std::to_string(response_->model_version());
  BlockString parameters_;  // as fields
  std::vector<Sent, BlockAllocator<Sent>> sent_;
  BlockString text_;
  std::list<Shape> shapes_;  // of classes
  std::vector<Splice> splices_;
};

}  // namespace

Expected<net::GrpcMessage> EncodeInferResponse(std::unique_ptr<InferenceResponse> response,
                                               const GrpcInferOptions& options, const SharedTensors& shared) {
  Encoder encoder(std::move(response), options, shared);
  RETURN_IF_ERROR(encoder.Encode({}));
  return encoder.Take(false);
}

Expected<net::GrpcMessage> EncodeStreamResponse(std::unique_ptr<InferenceResponse> response,
                                                const GrpcInferOptions& options, const SharedTensors& shared,
                                                bool is_final) {
  Encoder encoder(std::move(response), options, shared);
  RETURN_IF_ERROR(encoder.Encode(is_final));
  return encoder.Take(true);
}

net::GrpcMessage EncodeStreamNotice(const StreamNotice& notice) {
  BlockString inner;
  WireWriter writer(inner);
  writer.TextIfAny(1, notice.model_name);
  writer.TextIfAny(2, notice.model_version);
  writer.TextIfAny(3, notice.id);
  if (notice.is_final) AppendParameter(inner, 4, kFinalResponse, *notice.is_final);
  net::GrpcMessage message;
  WireWriter(message.head).TextIfAny(1, notice.error);
  WireWriter(message.head).Text(2, inner);
  return message;
}

}  // namespace neso
