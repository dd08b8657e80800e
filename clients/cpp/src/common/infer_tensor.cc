// InferInput and InferRequestedOutput.
#include "common.h"
#include "common/bytes_tensor.h"

namespace triton {
namespace client {
namespace {

constexpr char kNotInSharedMemory[] = "The input has not been set with the shared memory.";

}  // namespace

Error InferInput::Create(InferInput** infer_input, const std::string& name, const std::vector<int64_t>& dims,
                         const std::string& datatype) {
  *infer_input = new InferInput(name, dims, datatype);
  return Error::Success;
}

InferInput::InferInput(const std::string& name, const std::vector<int64_t>& dims, const std::string& datatype)
    : name_(name), datatype_(datatype), shape_(dims) {}

Error InferInput::SetShape(const std::vector<int64_t>& dims) {
  shape_ = dims;
  return Error::Success;
}

Error InferInput::Reset() {
  pieces_.clear();
  strings_.clear();
  region_.clear();
  region_byte_size_ = region_offset_ = 0;
  return Error::Success;
}

Error InferInput::AppendRaw(const std::vector<uint8_t>& input) { return AppendRaw(input.data(), input.size()); }

Error InferInput::AppendRaw(const uint8_t* input, size_t input_byte_size) {
  region_.clear();
  pieces_.emplace_back(input, input_byte_size);
  return Error::Success;
}

Error InferInput::AppendFromString(const std::vector<std::string>& input) {
  const std::string& piece = strings_.emplace_back(BytesTensor(input));
  return AppendRaw(reinterpret_cast<const uint8_t*>(piece.data()), piece.size());
}

Error InferInput::SetSharedMemory(const std::string& name, size_t byte_size, size_t offset) {
  pieces_.clear();
  strings_.clear();
  region_ = name;
  region_byte_size_ = byte_size;
  region_offset_ = offset;
  return Error::Success;
}

Error InferInput::SharedMemoryInfo(std::string* name, size_t* byte_size, size_t* offset) const {
  if (!IsSharedMemory()) return Error(kNotInSharedMemory);
  *name = region_;
  *byte_size = region_byte_size_;
  *offset = region_offset_;
  return Error::Success;
}

Error InferInput::RawData(const uint8_t** buf, size_t* byte_size) {
  *buf = pieces_.empty() ? nullptr : pieces_.front().first;
  *byte_size = pieces_.empty() ? 0 : pieces_.front().second;
  return Error::Success;
}

Error InferInput::ByteSize(size_t* byte_size) const {
  *byte_size = 0;
  for (const auto& [data, size] : pieces_) *byte_size += size;
  return Error::Success;
}

Error InferInput::SetBinaryData(bool binary_data) {
  binary_data_ = binary_data;
  return Error::Success;
}

Error InferRequestedOutput::Create(InferRequestedOutput** infer_output, const std::string& name, size_t class_count,
                                   const std::string& datatype) {
  *infer_output = new InferRequestedOutput(name, class_count, datatype);
  return Error::Success;
}

InferRequestedOutput::InferRequestedOutput(const std::string& name, size_t class_count, const std::string& datatype)
    : name_(name), datatype_(datatype), class_count_(class_count) {}

Error InferRequestedOutput::SetSharedMemory(const std::string& region_name, size_t byte_size, size_t offset) {
  region_ = region_name;
  region_byte_size_ = byte_size;
  region_offset_ = offset;
  return Error::Success;
}

Error InferRequestedOutput::UnsetSharedMemory() { return SetSharedMemory("", 0); }

Error InferRequestedOutput::SharedMemoryInfo(std::string* name, size_t* byte_size, size_t* offset) const {
  if (!IsSharedMemory()) return Error(kNotInSharedMemory);
  *name = region_;
  *byte_size = region_byte_size_;
  *offset = region_offset_;
  return Error::Success;
}

Error InferRequestedOutput::SetBinaryData(bool binary_data) {
  binary_data_ = binary_data;
  return Error::Success;
}

}  // namespace client
}  // namespace triton
