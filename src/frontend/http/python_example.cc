#include "frontend/http/python_example.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "frontend/http/example_request.h"

namespace neso {
namespace {

constexpr int64_t kMostValues = 1 << 28;

// What holds an element in NumPy; of BF16, which it has not, what the client makes one of.
const char* NumpyType(DataType type) {
  switch (type) {
    case DataType::kBool: return "np.bool_";
    case DataType::kUint8: return "np.uint8";
    case DataType::kUint16: return "np.uint16";
    case DataType::kUint32: return "np.uint32";
    case DataType::kUint64: return "np.uint64";
    case DataType::kInt8: return "np.int8";
    case DataType::kInt16: return "np.int16";
    case DataType::kInt32: return "np.int32";
    case DataType::kInt64: return "np.int64";
    case DataType::kFp16: return "np.float16";
    case DataType::kFp64: return "np.float64";
    default: return "np.float32";
  }
}

std::string ArrayText(const TensorSpec& input, const std::string& shape) {
  if (input.datatype == DataType::kBytes) return fmt::format("np.full({}, \"text\", dtype=object)", shape);
  return fmt::format("np.zeros({}, dtype={})", shape, NumpyType(input.datatype));
}

}  // namespace

std::string PythonExample(const Model& model, std::string_view address) {
  if (model.config().model_transaction_policy().decoupled()) return {};
  std::string text = "import numpy as np\nimport tritonclient.http as httpclient  # pip install tritonclient[http]\n\n";
  text += fmt::format("client = httpclient.InferenceServerClient({})\ninputs = []\n", JsonQuoted(address));
  for (const TensorSpec& input : model.inputs()) {
    if (input.optional) continue;
    Shape shape = WireShape(model, input);
    for (int64_t& dim : shape) dim = std::max<int64_t>(dim, 1);
    const int64_t count = ElementCount(shape);
    if (count < 0 || count > kMostValues) return {};
    const std::string dims = ShapeText(shape);
    text += fmt::format("inputs.append(httpclient.InferInput({}, {}, \"{}\"))\n", JsonQuoted(input.name), dims,
                        DataTypeName(input.datatype));
    text += fmt::format("inputs[-1].set_data_from_numpy({})\n", ArrayText(input, dims));
  }
  const char* const sequence =
      model.config().has_sequence_batching() ? ", sequence_id=1, sequence_start=True, sequence_end=True" : "";
  text += fmt::format("result = client.infer({}, inputs{})\n", JsonQuoted(model.name()), sequence);
  for (const TensorSpec& output : model.outputs()) {
    text += fmt::format("print({0}, result.as_numpy({0}))\n", JsonQuoted(output.name));
  }
  return text;
}

}  // namespace neso
