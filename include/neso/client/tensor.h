// Values with a datatype and a shape.
//
//   neso::Tensor pixels({1, 3}, std::vector<float>{0.1f, 0.2f, 0.3f});
//   neso::Tensor words({2}, std::vector<std::string>{"to", "be"});
//   neso::Result<std::vector<float>> scores = answer.outputs.at("scores").Values<float>();
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "neso/client/result.h"

namespace neso {

// The name by which the protocols know the datatype of T: an integer, float, double or std::string.
template <typename T>
constexpr const char* DatatypeOf() {
  if constexpr (std::is_same_v<T, std::string>) {
    return "BYTES";
  } else if constexpr (std::is_same_v<T, float>) {
    return "FP32";
  } else if constexpr (std::is_same_v<T, double>) {
    return "FP64";
  } else {
    static_assert(std::is_integral_v<T> && !std::is_same_v<T, bool>, "a tensor of this type is made by Tensor::Raw");
    constexpr const char* kNames[][2] = {
        {"UINT8", "INT8"}, {"UINT16", "INT16"}, {"UINT32", "INT32"}, {"UINT64", "INT64"}};
    return kNames[sizeof(T) == 1 ? 0 : sizeof(T) == 2 ? 1 : sizeof(T) == 4 ? 2 : 3][std::is_signed_v<T>];
  }
}

class Tensor {
 public:
  // Row by row.
  template <typename T>
  Tensor(std::vector<int64_t> shape, const std::vector<T>& values)
      : datatype_(DatatypeOf<T>()), shape_(std::move(shape)) {
    if constexpr (std::is_same_v<T, std::string>) {
      for (const std::string& value : values) AppendElement(value);
    } else {
      bytes_.resize(values.size() * sizeof(T));
      if (!values.empty()) std::memcpy(bytes_.data(), values.data(), bytes_.size());
    }
  }
  // Of any datatype ("BF16"), as the protocols lay it out.
  static Tensor Raw(std::string datatype, std::vector<int64_t> shape, std::string bytes) {
    Tensor tensor;
    tensor.datatype_ = std::move(datatype);
    tensor.shape_ = std::move(shape);
    tensor.bytes_ = std::move(bytes);
    return tensor;
  }

  const std::string& datatype() const { return datatype_; }
  const std::vector<int64_t>& shape() const { return shape_; }
  const std::string& bytes() const { return bytes_; }

  // Error: kInvalidArgument, its datatype is not T's.
  template <typename T>
  Result<std::vector<T>> Values() const {
    if (datatype_ != DatatypeOf<T>())
      return ClientError{ErrorKind::kInvalidArgument,
                         "the tensor's datatype is " + datatype_ + ", not " + DatatypeOf<T>()};
    if constexpr (std::is_same_v<T, std::string>) {
      return Elements();
    } else {
      std::vector<T> values(bytes_.size() / sizeof(T));
      if (!values.empty()) std::memcpy(values.data(), bytes_.data(), values.size() * sizeof(T));
      return values;
    }
  }

 private:
  Tensor() = default;

  // Before each element its length: four bytes, the lowest first.
  void AppendElement(const std::string& value) {
    for (int shift = 0; shift < 32; shift += 8) bytes_.push_back(static_cast<char>(value.size() >> shift));
    bytes_ += value;
  }
  Result<std::vector<std::string>> Elements() const {
    std::vector<std::string> values;
    for (size_t at = 0; at < bytes_.size();) {
      uint32_t length = 0;
      for (size_t i = 0; i < 4 && at + i < bytes_.size(); ++i)
        length |= static_cast<uint32_t>(static_cast<unsigned char>(bytes_[at + i])) << (8 * i);
      if (bytes_.size() - at < 4 || bytes_.size() - at - 4 < length)
        return ClientError{ErrorKind::kInternal, "a BYTES tensor ends within element " + std::to_string(values.size())};
      values.push_back(bytes_.substr(at + 4, length));
      at += 4 + length;
    }
    return values;
  }

  std::string datatype_;
  std::vector<int64_t> shape_;
  std::string bytes_;
};

}  // namespace neso
