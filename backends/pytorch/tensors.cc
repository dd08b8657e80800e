#include "tensors.h"

#include <ATen/ATen.h>

#include <utility>

#include "torch_call.h"

namespace neso::pytorch {
namespace {

struct TypePair {
  DataType datatype;
  c10::ScalarType scalar_type;
};
constexpr TypePair kTypes[] = {
    {TRITONSERVER_TYPE_BOOL, c10::kBool},     {TRITONSERVER_TYPE_UINT8, c10::kByte},
    {TRITONSERVER_TYPE_UINT16, c10::kUInt16}, {TRITONSERVER_TYPE_UINT32, c10::kUInt32},
    {TRITONSERVER_TYPE_UINT64, c10::kUInt64}, {TRITONSERVER_TYPE_INT8, c10::kChar},
    {TRITONSERVER_TYPE_INT16, c10::kShort},   {TRITONSERVER_TYPE_INT32, c10::kInt},
    {TRITONSERVER_TYPE_INT64, c10::kLong},    {TRITONSERVER_TYPE_FP16, c10::kHalf},
    {TRITONSERVER_TYPE_BF16, c10::kBFloat16}, {TRITONSERVER_TYPE_FP32, c10::kFloat},
    {TRITONSERVER_TYPE_FP64, c10::kDouble},
};

DataType DataTypeOf(c10::ScalarType type) {
  for (const TypePair& pair : kTypes) {
    if (pair.scalar_type == type) return pair.datatype;
  }
  return TRITONSERVER_TYPE_INVALID;
}

c10::ScalarType ScalarTypeOf(DataType type) {
  for (const TypePair& pair : kTypes) {
    if (pair.datatype == type) return pair.scalar_type;
  }
  TORCH_CHECK(false, "no PyTorch type for ", backend::ConfigName(type));
}

Value ValueOf(const at::Tensor& tensor) {
  Value value;
  value.datatype = DataTypeOf(tensor.scalar_type());
  value.shape.assign(tensor.sizes().begin(), tensor.sizes().end());
  value.byte_size = tensor.nbytes();
  if (value.byte_size > 0) value.data = static_cast<const std::byte*>(tensor.const_data_ptr());
  return value;
}

Value ValueOf(c10::ArrayRef<c10::IValue> texts) {
  Value value;
  value.datatype = TRITONSERVER_TYPE_BYTES;
  value.shape = {static_cast<int64_t>(texts.size())};
  value.strings.reserve(texts.size());
  for (const c10::IValue& text : texts) value.strings.push_back(text.toStringView());
  return value;
}

// In the CPU's memory, dense and row-major, with the values it stands for.
at::Tensor Plain(const at::Tensor& tensor) {
  const at::Tensor dense = tensor.layout() == c10::kStrided ? tensor : tensor.to_dense();
  return dense.to(c10::kCPU).resolve_conj().resolve_neg().contiguous();
}

class TorchResults final : public Results {
 public:
  TorchResults(std::vector<c10::IValue> values, std::string failure)
      : values_(std::move(values)), failure_(std::move(failure)) {}

  size_t size() const override { return values_.size(); }

  Result<Value> At(size_t index) override {
    Value value;
    NESO_RETURN_IF_ERROR(TryTorch(failure_, [&] {
      c10::IValue& result = values_[index];
      if (!result.isTensor()) {
        value = ValueOf(result.toListRef());
        return;
      }
      result = Plain(result.toTensor());
      value = ValueOf(result.toTensor());
    }));
    return value;
  }

 private:
  std::vector<c10::IValue> values_;
  const std::string failure_;
};

}  // namespace

at::Tensor MakeTensor(const Argument& argument, const c10::Device& device, bool writable) {
  const at::TensorOptions options = at::TensorOptions(ScalarTypeOf(argument.datatype));
  if (argument.data == nullptr) return at::empty(argument.shape, options.device(device));
  // PyTorch has no tensors of const memory; without `writable` nothing writes to it.
  const at::Tensor tensor = at::from_blob(const_cast<std::byte*>(argument.data), argument.shape, options);
  if (device.is_cpu()) return writable ? tensor.clone() : tensor;
  return tensor.to(device);
}

std::unique_ptr<Results> MakeResults(std::vector<c10::IValue> values, const std::string& failure) {
  return std::make_unique<TorchResults>(std::move(values), failure);
}

}  // namespace neso::pytorch
