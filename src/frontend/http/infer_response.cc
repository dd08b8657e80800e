#include "frontend/http/infer_response.h"

#include <list>
#include <string>
#include <utility>
#include <vector>

#include "base/block_cache.h"
#include "base/json.h"
#include "frontend/classification.h"
#include "frontend/http/json_parameter.h"
#include "frontend/http/json_tensor.h"
#include "frontend/running_request.h"

namespace neso {
namespace {

void AppendParameters(std::string& json, std::span<const NamedParameter> parameters) {
  json += ",\"parameters\":{";
  bool first = true;
  for (const NamedParameter& parameter : parameters) {
    if (!first) json.push_back(',');
    first = false;
    AppendJsonString(json, parameter.name);
    json.push_back(':');
    AppendJsonParameter(json, parameter.value);
  }
  json.push_back('}');
}

// What the parts of an answer point into. Not the response, which keeps its model: a client may read slowly.
struct Kept {
  std::vector<BufferRef, BlockAllocator<BufferRef>> tensors;
  std::list<std::string> classes;  // rare
};

// What is sent of one output: its own tensor, or the classes made of it.
struct Sent {
  DataType datatype;
  const Shape& shape;
  const void* base;
  size_t byte_size;
  const BufferRef* buffer = nullptr;  // where a tensor's bytes are
};

class Encoder {
 public:
  Encoder(const InferenceResponse& response, const RequestedOutputs& requested, const SharedTensors& shared,
          const BinaryFraming& framing)
      : response_(response), requested_(requested), shared_(shared), framing_(framing) {}

  Expected<net::HttpResponse> Encode() {
    json_.reserve(256);
    json_.push_back('{');
    if (!response_.id().empty()) {
      json_ += "\"id\":";
      AppendJsonString(json_, response_.id());
      json_.push_back(',');
    }
    json_ += "\"model_name\":";
    AppendJsonString(json_, response_.model_name());
    json_ += ",\"model_version\":\"";
    AppendJsonInt(json_, response_.model_version());
    json_.push_back('"');
    if (!response_.parameters().empty()) AppendParameters(json_, response_.parameters());
    json_ += ",\"outputs\":[";
    bool first = true;
    for (const Output& output : response_.outputs()) {
      if (!first) json_.push_back(',');
      first = false;
      RETURN_IF_ERROR(AppendOutput(output));
    }
    json_ += "]}";
    answer_.content_type = "application/json";
    if (!answer_.parts.empty()) framing_.Announce(json_.size(), answer_);
    answer_.release = std::move(kept_);
    return std::move(answer_);
  }

 private:
  Status AppendOutput(const Output& output) {
    // First: what is in the client's memory is not looked at here, which may not even be able to.
    if (shared_.FindOutput(output.name()) != nullptr) {
      AppendHead(output.name(), output.datatype(), output.shape());
      json_.push_back('}');
      return {};
    }
    const RequestedOutput* requested = requested_.Find(output.name());
    if (requested == nullptr || requested->classification == 0) {
      return AppendTensor(output.name(), {output.datatype(), output.shape(), output.base(),
                                          output.attributes().byte_size, RunningRequest::BufferOf(output)});
    }
    const bool batched = response_.factory()->model()->max_batch_size() > 0;
    ASSIGN_OR_RETURN(Classes classes, Classify(response_, output, batched, requested->classification));
    const std::string& text = NeedKept().classes.emplace_back(std::move(classes.data));
    return AppendTensor(output.name(), {DataType::kBytes, classes.shape, text.data(), text.size()});
  }

  void AppendHead(const std::string& name, DataType datatype, const Shape& shape) {
    json_ += "{\"name\":";
    AppendJsonString(json_, name);
    json_ += ",\"datatype\":\"";
    json_ += DataTypeName(datatype);
    json_ += "\",\"shape\":[";
    for (size_t i = 0; i < shape.size(); ++i) {
      if (i != 0) json_.push_back(',');
      AppendJsonInt(json_, shape[i]);
    }
    json_.push_back(']');
  }

  Status AppendTensor(const std::string& name, const Sent& sent) {
    AppendHead(name, sent.datatype, sent.shape);
    if (requested_.IsBinary(name)) {
      json_ += ",\"parameters\":{\"binary_data_size\":";
      AppendJsonUint(json_, sent.byte_size);
      json_ += "}}";
      if (sent.byte_size == 0) return {};
      answer_.parts.push_back({static_cast<const char*>(sent.base), sent.byte_size});
      if (sent.buffer != nullptr) NeedKept().tensors.push_back(*sent.buffer);
      return {};
    }
    json_ += ",\"data\":";
    RETURN_IF_ERROR(AppendJsonTensor(json_, sent.datatype, sent.base, sent.byte_size));
    json_.push_back('}');
    return {};
  }

  Kept& NeedKept() {
    if (kept_ == nullptr) kept_ = MakeShared<Kept>();
    return *kept_;
  }

  const InferenceResponse& response_;
  const RequestedOutputs& requested_;
  const SharedTensors& shared_;
  const BinaryFraming& framing_;
  net::HttpResponse answer_;
  std::string& json_ = answer_.body;
  std::shared_ptr<Kept> kept_;  // null: the answer points nowhere
};

}  // namespace

Expected<net::HttpResponse> EncodeInferResponse(const InferenceResponse& response, const RequestedOutputs& requested,
                                                const SharedTensors& shared, const BinaryFraming& framing) {
  return Encoder(response, requested, shared, framing).Encode();
}

}  // namespace neso
