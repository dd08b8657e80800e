#include "tensors.h"

#include <tensorflow/c/tf_tstring.h>

#include <memory>

#include "datatypes.h"

namespace neso::tensorflow {
namespace {

// What a tensor of texts consists of, until TensorFlow lets go of it.
struct Texts {
  explicit Texts(std::span<const std::string_view> texts)
      : values(std::make_unique<TF_TString[]>(texts.size())), count(texts.size()) {
    for (size_t i = 0; i < count; ++i) {
      TF_TString_Init(&values[i]);
      TF_TString_Copy(&values[i], texts[i].data(), texts[i].size());
    }
  }
  ~Texts() {
    for (size_t i = 0; i < count; ++i) TF_TString_Dealloc(&values[i]);
  }
  Texts(const Texts&) = delete;
  Texts& operator=(const Texts&) = delete;

  std::unique_ptr<TF_TString[]> values;
  size_t count;
};

void DeleteTexts(void*, size_t, void* texts) { delete static_cast<Texts*>(texts); }

}  // namespace

TensorPtr NewTensor(backend::DataType datatype, std::span<const int64_t> shape, size_t byte_size) {
  TensorPtr tensor(Tf().AllocateTensor(TfTypeOf(datatype), shape.data(), static_cast<int>(shape.size()), byte_size));
  if (tensor != nullptr && byte_size > 0 && DataOf(tensor) == nullptr) tensor.reset();
  return tensor;
}

std::byte* DataOf(const TensorPtr& tensor) { return static_cast<std::byte*>(Tf().TensorData(tensor.get())); }

TensorPtr NewStringTensor(std::span<const int64_t> shape, std::span<const std::string_view> texts) {
  auto owned = std::make_unique<Texts>(texts);
  TF_TString* const values = owned->values.get();
  return TensorPtr(Tf().NewTensor(TF_STRING, shape.data(), static_cast<int>(shape.size()), values,
                                  texts.size() * sizeof(TF_TString), DeleteTexts, owned.release()));
}

std::vector<std::string_view> TextsOf(const TensorPtr& tensor) {
  const auto* const values = static_cast<const TF_TString*>(Tf().TensorData(tensor.get()));
  const size_t count = Tf().TensorByteSize(tensor.get()) / sizeof(TF_TString);
  std::vector<std::string_view> texts;
  texts.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    texts.emplace_back(TF_TString_GetDataPointer(&values[i]), TF_TString_GetSize(&values[i]));
  }
  return texts;
}

std::vector<int64_t> ShapeOf(const TensorPtr& tensor) {
  std::vector<int64_t> shape(static_cast<size_t>(Tf().NumDims(tensor.get())));
  for (size_t i = 0; i < shape.size(); ++i) shape[i] = Tf().Dim(tensor.get(), static_cast<int>(i));
  return shape;
}

}  // namespace neso::tensorflow
