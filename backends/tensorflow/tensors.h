// Tensors of TensorFlow made of what requests carry, and read for what they are answered with.
//
// Their memory is TensorFlow's or ours, never the client's: a graph may keep an input for as long as it likes, in a variable or a
// queue.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "neso/backend/datatype.h"
#include "tf.h"

namespace neso::tensorflow {

// With room for `byte_size` bytes, which are not set. Null if there is no memory.
TensorPtr NewTensor(backend::DataType datatype, std::span<const int64_t> shape, size_t byte_size);
std::byte* DataOf(const TensorPtr& tensor);

// Texts, which are copied.
TensorPtr NewStringTensor(std::span<const int64_t> shape, std::span<const std::string_view> texts);
// Views of them; valid as long as the tensor.
std::vector<std::string_view> TextsOf(const TensorPtr& tensor);

std::vector<int64_t> ShapeOf(const TensorPtr& tensor);

}  // namespace neso::tensorflow
