#include "serve/model_format.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/check.h"
#include "base/owned_descriptor.h"
#include "base/read_file.h"
#include "base/text.h"
#include "serve/archive_format.h"
#include "serve/other_files.h"
#include "serve/protobuf_format.h"

namespace neso {
namespace {

// Trees answer what they predict, probabilities where they classify. Their backend does not complete a configuration.
constexpr std::array<FormatFacts, 14> kFormats = {{
    {ModelFormat::kOnnx, "an ONNX model", "onnxruntime", "model.onnx", "", true},
    {ModelFormat::kTorchScript, "a TorchScript module", "pytorch", "model.pt", "platform: \"pytorch_libtorch\"\n",
     false},
    {ModelFormat::kAotInductor, "a package of AOTInductor", "pytorch", "model.pt2", "platform: \"torch_aoti\"\n",
     false},
    {ModelFormat::kOpenVino, "an OpenVINO network", "openvino", "model.xml", "", true},
    {ModelFormat::kTfLite, "a TensorFlow Lite model", "openvino", "model.tflite",
     "backend: \"openvino\"\ndefault_model_filename: \"model.tflite\"\n", true},
    {ModelFormat::kSavedModel, "a SavedModel", "tensorflow", "model.savedmodel", "", true},
    {ModelFormat::kGraphDef, "a GraphDef", "tensorflow", "model.graphdef", "platform: \"tensorflow_graphdef\"\n",
     false},
    {ModelFormat::kTensorRt, "a TensorRT engine", "tensorrt", "model.plan", "", true},
    {ModelFormat::kXgboostJson, "an XGBoost model", "fil", "xgboost.json",
     "backend: \"fil\"\nparameters { key: \"model_type\" value: { string_value: \"xgboost_json\" } }\n"
     "parameters { key: \"is_classifier\" value: { string_value: \"false\" } }\n",
     false},
    {ModelFormat::kXgboostUbj, "an XGBoost model", "fil", "xgboost.ubj",
     "backend: \"fil\"\nparameters { key: \"model_type\" value: { string_value: \"xgboost_ubj\" } }\n"
     "parameters { key: \"is_classifier\" value: { string_value: \"false\" } }\n",
     false},
    {ModelFormat::kLightGbm, "a LightGBM model", "fil", "model.txt",
     "backend: \"fil\"\nparameters { key: \"model_type\" value: { string_value: \"lightgbm\" } }\n"
     "parameters { key: \"is_classifier\" value: { string_value: \"false\" } }\n",
     false},
    {ModelFormat::kTreelite, "a treelite checkpoint", "fil", "checkpoint.tl",
     "backend: \"fil\"\nparameters { key: \"model_type\" value: { string_value: \"treelite_checkpoint\" } }\n"
     "parameters { key: \"is_classifier\" value: { string_value: \"false\" } }\n",
     false},
    {ModelFormat::kDali, "a DALI pipeline", "dali", "model.dali", "backend: \"dali\"\n", true},
    {ModelFormat::kPython, "a Python model", "python", "model.py", "", true},
}};

bool Has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

// Its first numbers are the version of treelite.
bool IsTreelite(std::string_view head) {
  int32_t version[3] = {};
  if (head.size() < sizeof(version)) return false;
  std::memcpy(version, head.data(), sizeof(version));
  constexpr int32_t kMostOfNumber = 100;
  return (version[0] == 3 || version[0] == 4) && version[1] >= 0 && version[1] < kMostOfNumber && version[2] >= 0 &&
         version[2] < kMostOfNumber;
}

Expected<ModelFormat> RecognizeXml(std::string_view head) {
  if (Has(head, "<net ") || Has(head, "<net>")) return ModelFormat::kOpenVino;
  return InvalidArg("is XML, but no network of OpenVINO: expected an element <net>");
}

// JSON and its binary form UBJSON begin with the same byte.
Expected<ModelFormat> RecognizeObject(std::string_view head) {
  const std::string_view inside = TrimBlanks(head.substr(1));
  const bool is_text = inside.starts_with('"') || inside.starts_with('}');
  if (!Has(head, is_text ? "\"learner\"" : "learner")) {
    return InvalidArg(
        "is JSON, but no model of XGBoost: expected an object with 'learner', as booster.save_model() writes it (of "
        "LightGBM serve what its booster.save_model() writes, which is no JSON)");
  }
  return is_text ? ModelFormat::kXgboostJson : ModelFormat::kXgboostUbj;
}

Expected<ModelFormat> RecognizePython(std::string_view text) {
  if (Has(text, "class TritonPythonModel")) return ModelFormat::kPython;
  if (Has(text, "autoserialize") && Has(text, "nvidia.dali")) {
    return InvalidArg(
        "describes a DALI pipeline: write the pipeline to a file first, pipeline.serialize(filename=\"model.dali\"), and serve "
        "that");
  }
  return InvalidArg(
      "is a Python file without a model: expected a class TritonPythonModel with a method execute(self, requests)");
}

bool IsPacked(std::string_view head) { return head.starts_with("PK\x03\x04"); }

Expected<std::string> ReadAt(int fd, uint64_t offset, size_t size) {
  std::string bytes(size, '\0');
  size_t done = 0;
  while (done < size) {
    const ssize_t got = pread(fd, bytes.data() + done, size - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return InvalidArg("cannot be read: {}", std::strerror(errno));
    if (got == 0) break;  // somebody has made it shorter
    done += static_cast<size_t>(got);
  }
  bytes.resize(done);
  return bytes;
}

}  // namespace

const FormatFacts& FactsOf(ModelFormat format) {
  const auto* const found = std::ranges::find(kFormats, format, &FormatFacts::format);
  CHECK(found != kFormats.end(), "each format has its row");
  return *found;
}

Expected<FileEnds> ReadEnds(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return InvalidArg("cannot be read: {}", std::strerror(errno));
  // Before it is opened: a FIFO would wait for its writer.
  if (!S_ISREG(status.st_mode)) return InvalidArg("is {}: expected a file", FileKindName(status.st_mode));
  const OwnedDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) return InvalidArg("cannot be read: {}", std::strerror(errno));
  FileEnds ends{.head = {}, .tail = {}, .size = static_cast<uint64_t>(status.st_size)};
  const size_t size = std::min<uint64_t>(ends.size, kEndBytes);
  ASSIGN_OR_RETURN(ends.head, ReadAt(file.get(), 0, size));
  ASSIGN_OR_RETURN(ends.tail, ReadAt(file.get(), ends.size - size, size));
  return ends;
}

Expected<ModelFormat> RecognizeContent(std::string_view name, const FileEnds& ends) {
  const std::string_view head = ends.head;
  RETURN_IF_ERROR(CheckIsNoOtherFile(head));
  if (IsPacked(head)) return RecognizeArchive(ends.tail);
  if (head.starts_with("ftrt") || head.starts_with("ptrt")) return ModelFormat::kTensorRt;
  if (head.substr(0, 8).ends_with("TFL3")) return ModelFormat::kTfLite;
  if (head.starts_with("tree\n") || head.starts_with("tree\r\n")) return ModelFormat::kLightGbm;
  if (IsTreelite(head)) return ModelFormat::kTreelite;
  if (name.ends_with(".py")) return RecognizePython(head);
  if (head.starts_with("<?xml") || head.starts_with("<net")) return RecognizeXml(head);
  if (head.starts_with('{')) return RecognizeObject(head);
  return RecognizeProtobuf(head, ends.size - head.size());
}

}  // namespace neso
