#include "cache/entry.h"

#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#include "device/copy_memory.h"

namespace neso {
namespace {

// Names and shapes are as long as requests make them, far below 4 GB.
uint32_t Length(size_t size) { return static_cast<uint32_t>(size); }

size_t PackedSize(const CachedTensor& tensor) {
  return 3 * sizeof(uint32_t) + sizeof(uint64_t) + tensor.name.size() +
         std::string_view(DataTypeName(tensor.datatype)).size() + tensor.shape.size() * sizeof(int64_t) +
         tensor.data.size();
}

std::string_view BytesOf(const NamedParameter& parameter) {
  if (const auto* text = std::get_if<std::string>(&parameter.value)) return *text;
  return std::visit(
      [](const auto& value) { return std::string_view(reinterpret_cast<const char*>(&value), sizeof(value)); },
      parameter.value);
}

class Writer {
 public:
  explicit Writer(std::span<std::byte> to) : to_(to) {}

  template <typename Number>
  void Put(Number number) {
    PutBytes(&number, sizeof(number));
  }
  void PutText(std::string_view text) {
    Put(Length(text.size()));
    PutBytes(text.data(), text.size());
  }
  void PutBytes(const void* data, size_t size) {
    if (size == 0) return;
    std::memcpy(to_.data(), data, size);
    to_ = to_.subspan(size);
  }

 private:
  std::span<std::byte> to_;
};

// Takes what was written off the front; false when it is not there.
class Reader {
 public:
  explicit Reader(std::span<const std::byte> from) : from_(from) {}

  bool is_at_end() const { return from_.empty(); }
  size_t size() const { return from_.size(); }

  template <typename Number>
  bool Take(Number& number) {
    std::span<const std::byte> bytes;
    if (!TakeBytes(sizeof(number), bytes)) return false;
    std::memcpy(&number, bytes.data(), sizeof(number));
    return true;
  }
  bool TakeBytes(uint64_t size, std::span<const std::byte>& bytes) {
    if (size > from_.size()) return false;
    bytes = from_.first(size);
    from_ = from_.subspan(size);
    return true;
  }
  template <typename Size>
  bool TakeSized(std::span<const std::byte>& bytes) {
    Size size = 0;
    return Take(size) && TakeBytes(size, bytes);
  }
  bool TakeText(std::string_view& text) {
    std::span<const std::byte> bytes;
    if (!TakeSized<uint32_t>(bytes)) return false;
    text = {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    return true;
  }

 private:
  std::span<const std::byte> from_;
};

// Whether the data is what its datatype and shape say; strings have lengths of their own.
bool HasItsSize(const CachedTensor& tensor) {
  const int64_t elements = ElementCount(tensor.shape);
  if (elements < 0) return false;
  const uint64_t size = DataTypeByteSize(tensor.datatype);
  return size == 0 || (tensor.data.size() % size == 0 && tensor.data.size() / size == static_cast<uint64_t>(elements));
}

bool TakeTensor(Reader& reader, CachedTensor& tensor) {
  std::span<const std::byte> packed;
  if (!reader.TakeSized<uint64_t>(packed)) return false;
  Reader inner(packed);
  std::string_view datatype;
  std::span<const std::byte> dimensions;
  if (!inner.TakeText(tensor.name) || !inner.TakeText(datatype) || !inner.TakeSized<uint32_t>(dimensions) ||
      !inner.TakeSized<uint64_t>(tensor.data) || !inner.is_at_end()) {
    return false;
  }
  tensor.datatype = DataTypeFromName(datatype);
  if (tensor.datatype == DataType::kInvalid || dimensions.size() % sizeof(int64_t) != 0) return false;
  tensor.shape.resize(dimensions.size() / sizeof(int64_t));
  if (!dimensions.empty()) std::memcpy(tensor.shape.data(), dimensions.data(), dimensions.size());
  return HasItsSize(tensor);
}

template <typename Value>
bool SetValue(std::span<const std::byte> bytes, ParameterValue& value) {
  Value read{};
  if (bytes.size() != sizeof(read)) return false;
  std::memcpy(&read, bytes.data(), sizeof(read));
  value = read;
  return true;
}

bool TakeParameter(Reader& reader, NamedParameter& parameter) {
  std::string_view name;
  uint8_t kind = 0;
  std::span<const std::byte> value;
  if (!reader.TakeText(name) || !reader.Take(kind) || !reader.TakeSized<uint32_t>(value)) return false;
  parameter.name = name;
  switch (kind) {
    case 0: parameter.value = std::string(reinterpret_cast<const char*>(value.data()), value.size()); return true;
    case 1: return SetValue<int64_t>(value, parameter.value);
    case 2:
      if (value.size() != 1) return false;
      parameter.value = value[0] != std::byte{0};
      return true;
    case 3: return SetValue<double>(value, parameter.value);
    default: return false;
  }
}

}  // namespace

size_t EntrySize(const CachedAnswer& answer) {
  size_t size = sizeof(uint32_t);
  for (const CachedTensor& tensor : answer.tensors) size += sizeof(uint64_t) + PackedSize(tensor);
  if (!answer.parameters.empty()) size += sizeof(uint32_t);
  for (const NamedParameter& parameter : answer.parameters) {
    size += 2 * sizeof(uint32_t) + 1 + parameter.name.size() + BytesOf(parameter).size();
  }
  return size;
}

void WriteEntry(const CachedAnswer& answer, std::span<std::byte> entry) {
  Writer writer(entry);
  writer.Put(Length(answer.tensors.size()));
  for (const CachedTensor& tensor : answer.tensors) {
    writer.Put(uint64_t{PackedSize(tensor)});
    writer.PutText(tensor.name);
    writer.PutText(DataTypeName(tensor.datatype));
    writer.Put(Length(tensor.shape.size() * sizeof(int64_t)));
    writer.PutBytes(tensor.shape.data(), tensor.shape.size() * sizeof(int64_t));
    writer.Put(uint64_t{tensor.data.size()});
    writer.PutBytes(tensor.data.data(), tensor.data.size());
  }
  if (answer.parameters.empty()) return;
  writer.Put(Length(answer.parameters.size()));
  for (const NamedParameter& parameter : answer.parameters) {
    writer.PutText(parameter.name);
    writer.Put(static_cast<uint8_t>(parameter.value.index()));
    writer.PutText(BytesOf(parameter));
  }
}

Expected<CachedAnswer> ReadEntry(std::span<const std::byte> entry) {
  CachedAnswer answer;
  Reader reader(entry);
  uint32_t tensors = 0;
  bool is_sound = reader.Take(tensors);
  // Counts are believed only as far as there are bytes.
  for (uint32_t i = 0; is_sound && i < tensors; ++i) is_sound = TakeTensor(reader, answer.tensors.emplace_back());
  uint32_t parameters = 0;
  if (is_sound && !reader.is_at_end()) is_sound = reader.Take(parameters);
  for (uint32_t i = 0; is_sound && i < parameters; ++i) {
    is_sound = TakeParameter(reader, answer.parameters.emplace_back());
  }
  if (!is_sound || !reader.is_at_end()) {
    return Internal("the cached response of {} bytes is damaged: it breaks off or goes on {} bytes before its end",
                    entry.size(), reader.size());
  }
  return answer;
}

Expected<CachedAnswer> AnswerOf(const InferenceResponse& response) {
  CachedAnswer answer;
  answer.tensors.reserve(response.outputs().size());
  for (const Output& output : response.outputs()) {
    if (output.attributes().memory_type == MemoryType::kGpu) {
      return Unsupported("only responses in CPU memory are cached; output '{}' is not", output.name());
    }
    answer.tensors.push_back({output.name(),
                              output.datatype(),
                              output.shape(),
                              {static_cast<const std::byte*>(output.base()), output.attributes().byte_size}});
  }
  answer.parameters.assign(response.parameters().begin(), response.parameters().end());
  return answer;
}

Status FillResponse(const CachedAnswer& answer, InferenceResponse& response) {
  for (const CachedTensor& tensor : answer.tensors) {
    ASSIGN_OR_RETURN(Output* const output, response.AddOutputAsSent(tensor.name, tensor.datatype, tensor.shape));
    MemoryPlace to;
    RETURN_IF_ERROR(
        output->AllocateBuffer(&to.data, tensor.data.size(), to.type, to.device_id, &to.type, &to.device_id));
    RETURN_IF_ERROR(CopyMemory(to, {.data = tensor.data.data()}, tensor.data.size()));
  }
  for (const NamedParameter& parameter : answer.parameters) response.AddParameter(parameter.name, parameter.value);
  return {};
}

}  // namespace neso
