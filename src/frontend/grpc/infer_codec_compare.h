// Holds the hand-written reading of a ModelInferRequest equal to the generated one; for tests and fuzzing.
//
//   EXPECT_EQ(CompareWithGenerated(message), "");
#pragma once

#include <google/protobuf/stubs/logging.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <string>
#include <string_view>

#include "frontend/grpc/grpc_service.pb.h"
#include "frontend/grpc/infer_codec.h"

namespace neso {
namespace infer_codec_compare {

inline WireValue ToWire(const inference::InferParameter& parameter) {
  switch (parameter.parameter_choice_case()) {
    case inference::InferParameter::kBoolParam: return parameter.bool_param();
    case inference::InferParameter::kInt64Param: return int64_t{parameter.int64_param()};
    case inference::InferParameter::kStringParam: return std::string_view(parameter.string_param());
    case inference::InferParameter::kDoubleParam: return parameter.double_param();
    case inference::InferParameter::kUint64Param: return uint64_t{parameter.uint64_param()};
    case inference::InferParameter::PARAMETER_CHOICE_NOT_SET: break;
  }
  return {};
}

inline bool SameValue(const WireValue& a, const WireValue& b) {
  const double* x = std::get_if<double>(&a);
  const double* y = std::get_if<double>(&b);
  if (x != nullptr && y != nullptr) return std::bit_cast<uint64_t>(*x) == std::bit_cast<uint64_t>(*y);  // NaN is NaN
  return a == b;
}

template <typename Map>
bool SameParameters(const WireParameters& ours, const Map& theirs) {
  if (ours.size() != static_cast<size_t>(theirs.size())) return false;
  for (const auto& [name, value] : theirs) {
    const WireValue* found = FindParameter(ours, name);
    if (found == nullptr || !SameValue(*found, ToWire(value))) return false;
  }
  return true;
}

template <typename Field>
std::string Expect(const Field& field, size_t width) {
  std::string bytes;
  for (const auto element : field) bytes.append(reinterpret_cast<const char*>(&element), width);
  return bytes;
}

inline bool SameKind(const WireContents& ours, ContentsKind kind, size_t count, size_t width,
                     const std::string& expected) {
  if (ours.count(kind) != count || ContentsBytes(ours, kind, width) != expected.size()) return false;
  std::string written(expected.size(), '\0');
  WriteContents(ours, kind, width, written.data());
  return written == expected;
}

template <typename Field>
inline bool SameNumbers(const WireContents& ours, ContentsKind kind, const Field& theirs, size_t width) {
  return SameKind(ours, kind, static_cast<size_t>(theirs.size()), width, Expect(theirs, width));
}

inline bool SameContents(const WireContents& ours, const inference::InferTensorContents& theirs) {
  std::string texts;
  for (const std::string& text : theirs.bytes_contents()) {
    const uint32_t size = static_cast<uint32_t>(text.size());
    texts.append(reinterpret_cast<const char*>(&size), sizeof(size)) += text;
  }
  return SameNumbers(ours, ContentsKind::kBool, theirs.bool_contents(), 1) &&
         SameNumbers(ours, ContentsKind::kInt, theirs.int_contents(), 4) &&
         SameNumbers(ours, ContentsKind::kInt, theirs.int_contents(), 2) &&
         SameNumbers(ours, ContentsKind::kInt64, theirs.int64_contents(), 8) &&
         SameNumbers(ours, ContentsKind::kUint, theirs.uint_contents(), 4) &&
         SameNumbers(ours, ContentsKind::kUint, theirs.uint_contents(), 1) &&
         SameNumbers(ours, ContentsKind::kUint64, theirs.uint64_contents(), 8) &&
         SameNumbers(ours, ContentsKind::kFp32, theirs.fp32_contents(), 4) &&
         SameNumbers(ours, ContentsKind::kFp64, theirs.fp64_contents(), 8) &&
         SameKind(ours, ContentsKind::kBytes, static_cast<size_t>(theirs.bytes_contents_size()), 0, texts);
}

inline bool SameInput(const WireInput& ours, const inference::ModelInferRequest::InferInputTensor& theirs) {
  return ours.name == theirs.name() && ours.datatype == theirs.datatype() &&
         std::equal(ours.shape.begin(), ours.shape.end(), theirs.shape().begin(), theirs.shape().end()) &&
         SameParameters(ours.parameters, theirs.parameters()) && ours.contents.has_value() == theirs.has_contents() &&
         (!ours.contents || SameContents(*ours.contents, theirs.contents()));
}

}  // namespace infer_codec_compare

// Empty when both agree on `message`: the same verdict and the same contents. Otherwise what differs.
inline std::string CompareWithGenerated(std::string_view message) {
  using namespace infer_codec_compare;
  const google::protobuf::LogSilencer silencer;
  WireInferRequest ours;
  inference::ModelInferRequest theirs;
  const bool accepted = ParseInferRequest(message, ours);
  if (!CheckRequestCounts(ours.counts, {}).ok() || ours.fields > kMaxWireFields) return {};  // not read to its end
  if (accepted != theirs.ParseFromArray(message.data(), static_cast<int>(message.size()))) {
    return accepted ? "accepted, but it should not be" : "not accepted, but it should be";
  }
  if (!accepted) return {};
  if (ours.model_name != theirs.model_name()) return "model_name";
  if (ours.model_version != theirs.model_version()) return "model_version";
  if (ours.id != theirs.id()) return "id";
  if (!SameParameters(ours.parameters, theirs.parameters())) return "parameters";
  if (ours.inputs.size() != static_cast<size_t>(theirs.inputs_size())) return "number of inputs";
  for (int i = 0; i < theirs.inputs_size(); ++i) {
    if (!SameInput(ours.inputs[static_cast<size_t>(i)], theirs.inputs(i))) return "input " + std::to_string(i);
  }
  if (ours.outputs.size() != static_cast<size_t>(theirs.outputs_size())) return "number of outputs";
  for (int i = 0; i < theirs.outputs_size(); ++i) {
    const WireOutput& output = ours.outputs[static_cast<size_t>(i)];
    if (output.name != theirs.outputs(i).name() || !SameParameters(output.parameters, theirs.outputs(i).parameters())) {
      return "output " + std::to_string(i);
    }
  }
  const size_t raw = std::min(static_cast<size_t>(theirs.raw_input_contents_size()), kMaxRequestTensors);
  if (ours.raw_contents.size() != raw) return "number of raw contents";
  for (size_t i = 0; i < raw; ++i) {
    if (ours.raw_contents[i] != theirs.raw_input_contents(static_cast<int>(i))) return "raw contents";
  }
  return {};
}

}  // namespace neso
