// Where an ONNX file says that weights lie in files beside it, found without loading it: lengths and names are looked
// at, the weights it holds itself are passed over.
//
//   NESO_ASSIGN_OR_RETURN(OnnxFile file, OnnxFile::Open("/models/m/1/model.onnx"));
//   for (const ExternalTensor& tensor : file.FindExternalTensors()) Read(tensor.location);
//
// Source: onnx.proto (numbers of fields, keys of external data), the wire format of Protocol Buffers.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "neso/backend/status.h"

namespace neso::onnxruntime {

using backend::Result;
using backend::Status;

// A tensor whose bytes lie in another file.
struct ExternalTensor {
  std::string location;  // of that file, as the model names it: relative to the model's own folder
  uint64_t offset = 0;
  std::optional<uint64_t> length;  // where it is not given, what the shape needs; nothing if that is not known either
  bool is_initializer = false;     // of the main graph; else of a branch, a loop, a function, or an attribute
};

// A file that is read piece by piece. Not mapped: it may be cut off at any moment.
class FileReader {
 public:
  // Errors: UNAVAILABLE if there is none, INVALID_ARG if it is no regular file.
  static Result<FileReader> Open(const std::string& path);
  FileReader(FileReader&& other) noexcept;
  FileReader& operator=(FileReader&&) = delete;
  ~FileReader();

  uint64_t size() const { return size_; }
  // False if there are not so many bytes.
  bool Read(uint64_t offset, std::span<char> to) const;

 private:
  FileReader(int descriptor, uint64_t size) : descriptor_(descriptor), size_(size) {}
  int descriptor_;
  uint64_t size_;
};

// Confined to one thread.
class OnnxFile {
 public:
  static Result<OnnxFile> Open(const std::string& path);

  // In the order of the file. A file that is no ONNX file has none up to where that shows: the runtime will tell.
  std::vector<ExternalTensor> FindExternalTensors();

  // The file's bytes, in which the external tensors that are no initializers of the main graph hold the bytes that
  // `find` tells. Errors: those of `find`; INVALID_ARG if it is no ONNX file.
  using Find = std::function<Result<std::string_view>(const ExternalTensor&)>;
  Result<std::string> WithTensorsInside(const Find& find);

  enum class Message;
  struct Field;
  class Fields;

 private:
  explicit OnnxFile(FileReader file) : file_(std::move(file)) {}

  std::optional<uint8_t> ByteAt(uint64_t offset);
  std::optional<std::string> TextOf(const Field& field) const;
  std::optional<ExternalTensor> ReadTensor(const Field& tensor, bool is_initializer);
  // Elements: the product of the dims that one field has.
  std::optional<uint64_t> Dims(const Field& field) const;
  void ReadEntry(const Field& entry, ExternalTensor& tensor);
  void Visit(Message kind, const Field& message, int depth, std::vector<ExternalTensor>& found);
  Status Append(const Field& field, std::string& to) const;
  Status AppendWithTensorsInside(Message kind, const Field& message, int depth, const Find& find, std::string& to);
  Status AppendTensorInside(const Field& tensor, std::string_view bytes, std::string& to);

  FileReader file_;
  std::string window_;  // the part of the file that ByteAt() looked at last
  uint64_t window_begin_ = 0;
};

}  // namespace neso::onnxruntime
