#include "frontend/http/generate_request.h"

#include <algorithm>

#include "base/json.h"
#include "frontend/http/json_access.h"
#include "frontend/http/json_parameter.h"
#include "frontend/http/json_tensor.h"
#include "frontend/request_limits.h"

namespace neso {
namespace {

// Its members are treated as if they stood beside it.
constexpr std::string_view kNested = "parameters";

Status NoProperShape(const TensorSpec& input) {
  return InvalidArg("The schema can not convert input '{}' to tensor with proper shape", input.name);
}

class Filler {
 public:
  Filler(const Model& model, size_t max_input_bytes, InferenceRequest& request, std::vector<BufferRef>& storage)
      : model_(model), max_input_bytes_(max_input_bytes), request_(request), storage_(storage) {}

  Status Fill(const JsonValue& root) {
    if (!root.IsObject()) return Internal("attempt to get members for non-object");
    // The id comes first, since messages begin with it.
    if (const JsonValue* id = FindMember(root, "id"); id != nullptr) {
      const Expected<std::string_view> text = AsString(*id);
      if (!text) return UnableToParse("id", text.error());
      request_.SetId(*text);
    }
    RETURN_IF_ERROR(CheckMemberCount(root));
    for (const auto& member : root.GetObject()) {
      const std::string_view name = JsonText(member.name);
      RETURN_IF_ERROR(name == kNested ? TakeNested(member.value) : Take(name, member.value));
    }
    return {};
  }

 private:
  Status TakeNested(const JsonValue& members) {
    if (model_.FindInput(kNested) != nullptr) {
      return InvalidArg("Keyword '{}' for nested schema also given as input tensor name", kNested);
    }
    if (!members.IsObject()) {
      return Internal("Expected JSON object for keyword: '{}': attempt to access JSON non-object as object", kNested);
    }
    RETURN_IF_ERROR(CheckMemberCount(members));
    for (const auto& member : members.GetObject()) {
      RETURN_IF_ERROR(Take(JsonText(member.name), member.value).WithContext("Converting keyword: '{}'", kNested));
    }
    return {};
  }

  Status CheckMemberCount(const JsonValue& object) const {
    return CheckRequestCounts({.parameters = object.MemberCount()}, model_.name());
  }

  Status Take(std::string_view name, const JsonValue& value) {
    const TensorSpec* const input = model_.FindInput(name);
    return input != nullptr ? TakeInput(*input, value) : AddJsonParameter(name, value, request_);
  }

  // What is nested in an array does not count: the shape is deduced from its own length.
  Status TakeInput(const TensorSpec& input, const JsonValue& value) {
    const int64_t count = value.IsArray() ? static_cast<int64_t>(JsonDocument::ElementsOf(value).count) : 1;
    ASSIGN_OR_RETURN(const Shape shape, DeduceShape(input, model_.max_batch_size() > 0, count));
    RETURN_IF_ERROR(request_.AddInput(input.name, input.datatype, shape));
    if (count == 0) return {};
    ASSIGN_OR_RETURN(BufferRef buffer, ParseJsonElements(input.name, input.datatype, count, value, max_input_bytes_));
    BufferAttributes attributes;
    attributes.byte_size = buffer->size();
    RETURN_IF_ERROR(request_.AppendInputData(input.name, buffer->data(), attributes));
    storage_.push_back(std::move(buffer));
    return {};
  }

  const Model& model_;
  const size_t max_input_bytes_;
  InferenceRequest& request_;
  std::vector<BufferRef>& storage_;
};

}  // namespace

Expected<Shape> DeduceShape(const TensorSpec& input, bool batched, int64_t element_count) {
  Shape shape;
  if (batched) shape.push_back(-1);
  shape.insert(shape.end(), input.dims.begin(), input.dims.end());
  int64_t left = element_count;
  for (const int64_t dim : shape) {
    if (dim == -1) continue;
    if (dim == 0 || left % dim != 0) return NoProperShape(input);
    left /= dim;
  }
  for (auto dim = shape.rbegin(); dim != shape.rend(); ++dim) {
    if (*dim != -1) continue;
    *dim = left;
    left = 1;
  }
  if (left != 1) return NoProperShape(input);
  return shape;
}

Status FillGenerateRequest(const Model& model, std::string_view body, size_t max_input_bytes, InferenceRequest& request,
                           std::vector<BufferRef>& storage) {
  JsonDocument document;
  // Only tensors are arrays here.
  const auto is_elements = [](std::string_view) { return true; };
  RETURN_IF_ERROR(document.Parse(body, is_elements));
  return Filler(model, max_input_bytes, request, storage).Fill(document.root());
}

}  // namespace neso
