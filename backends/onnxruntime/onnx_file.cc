#include "onnx_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <iterator>
#include <system_error>
#include <utility>

namespace neso::onnxruntime {

// The messages on the way from a model to its tensors.
enum class OnnxFile::Message { kModel, kFunction, kGraph, kNode, kAttribute, kSparseTensor, kTensor };

// Of a message: [begin, end) in the file, of which [value, end) is its content.
struct OnnxFile::Field {
  uint32_t number = 0;
  uint32_t wire_type = 0;
  uint64_t begin = 0;
  uint64_t value = 0;
  uint64_t end = 0;
  uint64_t varint = 0;
};

namespace {

constexpr uint32_t kVarint = 0;
constexpr uint32_t kFixed64 = 1;
constexpr uint32_t kBytes = 2;
constexpr uint32_t kFixed32 = 5;

constexpr uint32_t kTensorDims = 1;
constexpr uint32_t kTensorDataType = 2;
constexpr uint32_t kTensorRawData = 9;
constexpr uint32_t kTensorExternalData = 13;
constexpr uint32_t kTensorDataLocation = 14;
constexpr uint64_t kExternal = 1;  // of TensorProto.DataLocation

constexpr size_t kWindowBytes = 64 * 1024;
constexpr uint64_t kMaxTextBytes = 4096;  // of a path
constexpr int kMaxDepth = 100;            // as the runtime's own parser

using Message = OnnxFile::Message;

std::optional<Message> MessageIn(Message kind, uint32_t field) {
  switch (kind) {
    case Message::kModel:
      if (field == 7) return Message::kGraph;
      if (field == 25) return Message::kFunction;
      break;
    case Message::kFunction:
      if (field == 7) return Message::kNode;
      if (field == 11) return Message::kAttribute;
      break;
    case Message::kGraph:
      if (field == 1) return Message::kNode;
      if (field == 5) return Message::kTensor;
      if (field == 15) return Message::kSparseTensor;
      break;
    case Message::kNode:
      if (field == 5) return Message::kAttribute;
      break;
    case Message::kAttribute:
      if (field == 5 || field == 10) return Message::kTensor;
      if (field == 6 || field == 11) return Message::kGraph;
      if (field == 22 || field == 23) return Message::kSparseTensor;
      break;
    case Message::kSparseTensor:
      if (field == 1 || field == 2) return Message::kTensor;
      break;
    case Message::kTensor: break;
  }
  return std::nullopt;
}

// The main graph is the one in the model itself; what `depth` counts begins there.
bool IsInitializer(Message kind, int depth, uint32_t field) {
  return kind == Message::kGraph && depth == 1 && field == 5;
}

std::optional<uint64_t> Number(const std::string& text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Nothing where a factor is not known or the product is too large.
std::optional<uint64_t> Times(std::optional<uint64_t> a, std::optional<uint64_t> b) {
  uint64_t product = 0;
  if (!a || !b || __builtin_mul_overflow(*a, *b, &product)) return std::nullopt;
  return product;
}

// What a tensor of a TensorProto.DataType needs; nothing for texts and types that are not known.
std::optional<uint64_t> BytesOf(std::optional<uint64_t> elements, uint64_t data_type) {
  // By number: FLOAT, UINT8, INT8, UINT16, INT16, INT32, INT64, STRING, BOOL, FLOAT16, DOUBLE, UINT32, UINT64,
  // COMPLEX64, COMPLEX128, BFLOAT16, four kinds of FLOAT8; then those of which two share a byte.
  constexpr uint64_t kBytesOfElement[] = {0, 4, 1, 1, 2, 2, 4, 8, 0, 1, 2, 8, 4, 8, 8, 16, 2, 1, 1, 1, 1};
  constexpr uint64_t kFirstHalfByte = std::size(kBytesOfElement);
  constexpr uint64_t kLastHalfByte = kFirstHalfByte + 2;  // UINT4, INT4, FLOAT4E2M1
  if (data_type >= kFirstHalfByte && data_type <= kLastHalfByte && elements) return *elements / 2 + *elements % 2;
  if (data_type >= kFirstHalfByte || kBytesOfElement[data_type] == 0) return std::nullopt;
  return Times(elements, kBytesOfElement[data_type]);
}

void AppendVarint(uint64_t value, std::string& to) {
  for (; value >= 0x80; value >>= 7) to += static_cast<char>(value | 0x80);
  to += static_cast<char>(value);
}

void AppendBytes(uint32_t field, std::string_view bytes, std::string& to) {
  AppendVarint(field << 3 | kBytes, to);
  AppendVarint(bytes.size(), to);
  to += bytes;
}

Status NotOnnx() { return Status::InvalidArg("the file is no ONNX model, or it changed while it was read"); }

}  // namespace

Result<FileReader> FileReader::Open(const std::string& path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // nobody may ever write to a FIFO
  if (descriptor < 0) {
    const std::error_code reason(errno, std::generic_category());
    return Status::Unavailable("unable to read '", path, "': ", reason.message());
  }
  FileReader file(descriptor, 0);
  struct stat status = {};
  if (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
    return Status::InvalidArg("unable to read '", path, "': it is no regular file");
  }
  file.size_ = static_cast<uint64_t>(status.st_size);
  return file;
}

FileReader::FileReader(FileReader&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), size_(other.size_) {}

FileReader::~FileReader() {
  if (descriptor_ >= 0) close(descriptor_);
}

bool FileReader::Read(uint64_t offset, std::span<char> to) const {
  while (!to.empty()) {
    const ssize_t count = pread(descriptor_, to.data(), to.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    offset += static_cast<uint64_t>(count);
    to = to.subspan(static_cast<size_t>(count));
  }
  return true;
}

// The fields of a message, one after the other. Ends early where the file is no protocol buffer.
class OnnxFile::Fields {
 public:
  Fields(OnnxFile& file, const Field& message) : file_(file), at_(message.value), end_(message.end) {}

  std::optional<Field> Next() {
    if (at_ == end_) return std::nullopt;
    Field field;
    field.begin = at_;
    is_broken_ = !Read(field);
    if (is_broken_) return std::nullopt;
    at_ = field.end;
    return field;
  }
  bool is_broken() const { return is_broken_; }

 private:
  bool Read(Field& field) {
    const std::optional<uint64_t> tag = Varint();
    if (!tag) return false;
    field.number = static_cast<uint32_t>(*tag >> 3);
    field.wire_type = static_cast<uint32_t>(*tag & 7);
    uint64_t size = 0;
    if (field.wire_type == kVarint || field.wire_type == kBytes) {
      const std::optional<uint64_t> value = Varint();
      if (!value) return false;
      (field.wire_type == kVarint ? field.varint : size) = *value;
    } else if (field.wire_type == kFixed64) {
      size = 8;
    } else if (field.wire_type == kFixed32) {
      size = 4;
    } else {
      return false;
    }
    field.value = at_;
    if (size > end_ - at_) return false;
    field.end = at_ + size;
    return true;
  }

  std::optional<uint64_t> Varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64 && at_ < end_; shift += 7) {
      const std::optional<uint8_t> byte = file_.ByteAt(at_++);
      if (!byte) return std::nullopt;
      value |= static_cast<uint64_t>(*byte & 0x7f) << shift;
      if (*byte < 0x80) return value;
    }
    return std::nullopt;
  }

  OnnxFile& file_;
  uint64_t at_;
  const uint64_t end_;
  bool is_broken_ = false;
};

Result<OnnxFile> OnnxFile::Open(const std::string& path) {
  NESO_ASSIGN_OR_RETURN(FileReader file, FileReader::Open(path));
  return OnnxFile(std::move(file));
}

std::vector<ExternalTensor> OnnxFile::FindExternalTensors() {
  std::vector<ExternalTensor> found;
  Visit(Message::kModel, {.end = file_.size()}, 0, found);
  return found;
}

Result<std::string> OnnxFile::WithTensorsInside(const Find& find) {
  std::string model;
  NESO_RETURN_IF_ERROR(AppendWithTensorsInside(Message::kModel, {.end = file_.size()}, 0, find, model));
  return model;
}

std::optional<uint8_t> OnnxFile::ByteAt(uint64_t offset) {
  if (offset < window_begin_ || offset - window_begin_ >= window_.size()) {
    window_.resize(std::min<uint64_t>(kWindowBytes, file_.size() - offset));
    window_begin_ = offset;
    if (!file_.Read(offset, window_)) {
      window_.clear();
      return std::nullopt;
    }
  }
  return static_cast<uint8_t>(window_[offset - window_begin_]);
}

std::optional<std::string> OnnxFile::TextOf(const Field& field) const {
  if (field.wire_type != kBytes || field.end - field.value > kMaxTextBytes) return std::nullopt;
  std::string text(field.end - field.value, '\0');
  if (!file_.Read(field.value, text)) return std::nullopt;
  return text;
}

std::optional<ExternalTensor> OnnxFile::ReadTensor(const Field& tensor, bool is_initializer) {
  ExternalTensor external{.location = {}, .length = std::nullopt, .is_initializer = is_initializer};
  bool is_external = false;
  uint64_t data_type = 0;
  std::optional<uint64_t> elements = 1;
  Fields fields(*this, tensor);
  while (const std::optional<Field> field = fields.Next()) {
    if (field->number == kTensorDims) elements = Times(elements, Dims(*field));
    if (field->number == kTensorDataType) data_type = field->varint;
    if (field->number == kTensorDataLocation) is_external = field->varint == kExternal;
    if (field->number == kTensorExternalData) ReadEntry(*field, external);
  }
  if (!is_external) return std::nullopt;
  if (!external.length) external.length = BytesOf(elements, data_type);
  return external;
}

std::optional<uint64_t> OnnxFile::Dims(const Field& field) const {
  if (field.wire_type == kVarint) return field.varint;
  // Packed: one after the other.
  std::optional<uint64_t> product = 1;
  uint64_t dim = 0;
  int shift = 0;
  const std::optional<std::string> bytes = TextOf(field);
  if (!bytes) return std::nullopt;
  for (const char byte : *bytes) {
    if (shift > 63) return std::nullopt;
    dim |= static_cast<uint64_t>(byte & 0x7f) << shift;
    shift += 7;
    if ((byte & 0x80) != 0) continue;
    product = Times(product, dim);
    dim = 0;
    shift = 0;
  }
  return product;
}

void OnnxFile::ReadEntry(const Field& entry, ExternalTensor& tensor) {
  std::string key;
  std::string value;
  Fields fields(*this, entry);
  while (const std::optional<Field> field = fields.Next()) {
    if (field->number == 1) key = TextOf(*field).value_or("");
    if (field->number == 2) value = TextOf(*field).value_or("");
  }
  if (key == "location") tensor.location = value;
  if (key == "offset") tensor.offset = Number(value).value_or(0);
  if (key == "length") tensor.length = Number(value);
}

void OnnxFile::Visit(Message kind, const Field& message, int depth, std::vector<ExternalTensor>& found) {
  if (depth > kMaxDepth) return;
  Fields fields(*this, message);
  while (const std::optional<Field> field = fields.Next()) {
    const std::optional<Message> inner = MessageIn(kind, field->number);
    if (!inner || field->wire_type != kBytes) continue;
    if (*inner != Message::kTensor) {
      Visit(*inner, *field, depth + 1, found);
    } else if (std::optional<ExternalTensor> tensor = ReadTensor(*field, IsInitializer(kind, depth, field->number))) {
      found.push_back(*std::move(tensor));
    }
  }
}

Status OnnxFile::Append(const Field& field, std::string& to) const {
  const size_t before = to.size();
  to.resize(before + (field.end - field.begin));
  if (!file_.Read(field.begin, std::span(to).subspan(before))) return NotOnnx();
  return {};
}

Status OnnxFile::AppendWithTensorsInside(Message kind, const Field& message, int depth, const Find& find,
                                         std::string& to) {
  if (depth > kMaxDepth) return NotOnnx();
  Fields fields(*this, message);
  while (const std::optional<Field> field = fields.Next()) {
    std::optional<Message> inner = MessageIn(kind, field->number);
    if (field->wire_type != kBytes || IsInitializer(kind, depth, field->number)) inner.reset();
    if (!inner) {
      NESO_RETURN_IF_ERROR(Append(*field, to));
    } else if (*inner != Message::kTensor) {
      std::string content;
      NESO_RETURN_IF_ERROR(AppendWithTensorsInside(*inner, *field, depth + 1, find, content));
      AppendBytes(field->number, content, to);
    } else if (const std::optional<ExternalTensor> tensor = ReadTensor(*field, false)) {
      NESO_ASSIGN_OR_RETURN(const std::string_view bytes, find(*tensor));
      std::string content;
      NESO_RETURN_IF_ERROR(AppendTensorInside(*field, bytes, content));
      AppendBytes(field->number, content, to);
    } else {
      NESO_RETURN_IF_ERROR(Append(*field, to));
    }
  }
  return fields.is_broken() ? NotOnnx() : Status();
}

Status OnnxFile::AppendTensorInside(const Field& tensor, std::string_view bytes, std::string& to) {
  Fields fields(*this, tensor);
  while (const std::optional<Field> field = fields.Next()) {
    const bool tells_where = field->number == kTensorExternalData || field->number == kTensorDataLocation;
    if (!tells_where) NESO_RETURN_IF_ERROR(Append(*field, to));
  }
  AppendBytes(kTensorRawData, bytes, to);
  return {};
}

}  // namespace neso::onnxruntime
