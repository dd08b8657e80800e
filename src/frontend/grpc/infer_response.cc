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
    const InferenceResponse& response = *response_;
    text_.reserve(256);
    WireWriter writer(text_);
    writer.TextIfAny(1, response.model_name());
    writer.Text(2, std::to_string(response.model_version()));
    writer.TextIfAny(3, response.id());
    for (const NamedParameter& parameter : response.parameters())
      AppendParameter(text_, 4, parameter.name, parameter.value);
    if (is_final) AppendParameter(text_, 4, kFinalResponse, *is_final);
    std::vector<Sent, BlockAllocator<Sent>> raw;
    for (const Output& output : response.outputs()) {
      ASSIGN_OR_RETURN(const Sent sent, Choose(output));
      AppendTensorHead(output.name(), sent);
      raw.push_back(sent);
    }
    for (const auto& [datatype, shape, bytes, buffer] : raw) {
      writer.BeginBytes(6, bytes.size());
      if (bytes.size() <= kCopiedBytes) {
        text_ += bytes;
      } else {
        splices_.push_back({text_.size(), {bytes.data(), bytes.size()}});
        spliced_bytes_ += bytes.size();
        if (buffer != nullptr) kept_.tensors.push_back(*buffer);
      }
    }
    return {};
  }

  // The message, inside of the field infer_response of another when `in_stream`.
  Expected<net::GrpcMessage> Take(bool in_stream) {
    const uint64_t inner = text_.size() + spliced_bytes_;
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
    if (shared_.FindOutput(output.name()) != nullptr) return Sent{output.datatype(), &output.shape(), {}};
    if (const auto asked = options_.classifications.find(output.name()); asked != options_.classifications.end()) {
      const bool batched = response_->factory()->model()->max_batch_size() > 0;
      ASSIGN_OR_RETURN(Classes classes, Classify(*response_, output, batched, asked->second));
      shapes_.push_back(std::move(classes.shape));
      return Sent{DataType::kBytes, &shapes_.back(), kept_.classes.emplace_back(std::move(classes.data))};
    }
    return Sent{output.datatype(),
                &output.shape(),
                {static_cast<const char*>(output.base()), output.attributes().byte_size},
                RunningRequest::BufferOf(output)};
  }

  void AppendTensorHead(std::string_view name, const Sent& sent) {
    const std::string_view datatype = DataTypeName(sent.datatype);
    size_t dims = 0;
    for (const int64_t dim : *sent.shape) dims += WireVarintSize(static_cast<uint64_t>(dim));
    WireWriter writer(text_);
    writer.BeginBytes(5, WireTextSizeIfAny(name.size()) + WireTextSize(datatype.size()) + WireTextSizeIfAny(dims));
    writer.TextIfAny(1, name);
    writer.Text(2, datatype);
    if (dims == 0) return;
    writer.BeginBytes(3, dims);
    for (const int64_t dim : *sent.shape) writer.Varint(static_cast<uint64_t>(dim));
  }

  struct Splice {
    size_t at;  // in text_
    net::BodyPart part;
  };
  const GrpcInferOptions& options_;
  const SharedTensors& shared_;
  const std::unique_ptr<InferenceResponse> response_;
  Kept kept_;  // becomes the message's when something points into it
  BlockString text_;
  std::list<Shape> shapes_;  // of classes
  std::vector<Splice> splices_;
  uint64_t spliced_bytes_ = 0;
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
