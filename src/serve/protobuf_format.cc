#include "serve/protobuf_format.h"

#include <bitset>
#include <optional>

#include "neso/protobuf_wire.h"

namespace neso {
namespace {

using wire::WireType;

constexpr size_t kMostFields = 1000;  // that are looked at; nodes of a GraphDef are thousands
constexpr size_t kNumbers = 32;

// Which fields the beginning of a message has.
struct Seen {
  std::bitset<kNumbers> varints;
  std::bitset<kNumbers> messages;  // or texts
  bool is_broken = false;
  bool first_is_node = false;  // the first one is a message with a name and an operation
};

bool IsText(std::string_view text) {
  if (text.empty()) return false;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < ' ') return false;
  }
  return true;
}

bool IsNode(std::string_view message) {
  wire::Fields fields(message);
  const std::optional<wire::Field> name = fields.Next();
  const std::optional<wire::Field> operation = fields.Next();
  const auto is_text = [](const std::optional<wire::Field>& field, uint64_t number) {
    return field && field->number == number && field->type == WireType::kBytes && IsText(field->bytes);
  };
  return is_text(name, 1) && is_text(operation, 2);
}

Seen Look(std::string_view head, uint64_t beyond) {
  Seen seen;
  wire::Fields fields(head, beyond);
  for (size_t count = 0; count < kMostFields; ++count) {
    const std::optional<wire::Field> field = fields.Next();
    if (!field) break;
    if (field->number >= kNumbers) {
      seen.is_broken = true;
      break;
    }
    if (count == 0) seen.first_is_node = field->number == 1 && field->type == WireType::kBytes && IsNode(field->bytes);
    if (field->type == WireType::kVarint) seen.varints.set(field->number);
    if (field->type == WireType::kBytes) seen.messages.set(field->number);
  }
  seen.is_broken = seen.is_broken || fields.is_broken();
  return seen;
}

Status CutOff(const char* title) { return InvalidArg("begins as {}, but is damaged or cut off: copy it anew", title); }

}  // namespace

Expected<ModelFormat> RecognizeProtobuf(std::string_view head, uint64_t beyond) {
  const Seen seen = Look(head, beyond);
  // DALI: numbers of threads and of samples, then operators.
  if (seen.varints[1] && seen.varints[2] && (seen.messages[3] || seen.messages[5])) return ModelFormat::kDali;
  if (seen.varints[1] && seen.varints[2] && seen.is_broken) return CutOff("a DALI pipeline");
  // ONNX: the version of the format, perhaps who made it, the graph.
  if (seen.varints[1] && seen.messages[7]) return ModelFormat::kOnnx;
  if (seen.varints[1] && seen.is_broken) return CutOff("an ONNX model");
  if (seen.first_is_node) return seen.is_broken ? CutOff("a GraphDef of TensorFlow") : Expected(ModelFormat::kGraphDef);
  // SavedModel: the version of the format, graphs.
  if (seen.varints[1] && seen.messages[2] && !seen.messages[3]) {
    return InvalidArg("is the graph of a SavedModel: serve the folder that it lies in, whose variables belong to it");
  }
  return InvalidArg(
      "is no model, or is damaged: expected ONNX, TorchScript, a package of AOTInductor, OpenVINO's XML, TensorFlow Lite, a "
      "GraphDef, a TensorRT engine, XGBoost's JSON or UBJSON, LightGBM's text, a treelite checkpoint, a serialized DALI "
      "pipeline, or a model.py");
}

}  // namespace neso
