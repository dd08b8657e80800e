#include "observe/tensorboard/onnx_graph.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <set>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/utf8.h"
#include "neso/protobuf_wire.h"

namespace neso {
namespace {

using wire::MessageWriter;

constexpr size_t kMaxOperators = 20'000;
constexpr size_t kMaxNameBytes = 1024;
// Of an operator: its names come before its attributes, which may be tables of weights.
constexpr uint64_t kMaxOperatorBytes = 64u << 10;

// A field of a message in a file: what it holds lies at [begin, end).
struct FileField {
  uint64_t number = 0;
  uint64_t begin = 0;
  uint64_t end = 0;
};

// Reads a file in pieces; not mapped, since it may be cut off at any moment.
class ProtobufFile {
 public:
  explicit ProtobufFile(const std::string& path) : descriptor_(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
    struct stat status {};
    if (descriptor_ >= 0 && fstat(descriptor_, &status) == 0 && S_ISREG(status.st_mode)) {
      size_ = static_cast<uint64_t>(status.st_size);
    }
  }
  ~ProtobufFile() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  ProtobufFile(const ProtobufFile&) = delete;
  ProtobufFile& operator=(const ProtobufFile&) = delete;

  uint64_t size() const { return size_; }

  // The field that begins at `at`, in a message that ends at `end`. Nothing where there is none.
  std::optional<FileField> FieldAt(uint64_t at, uint64_t end) {
    const std::optional<uint64_t> tag = Varint(at, end);
    if (!tag || *tag >> 3 == 0) return std::nullopt;
    FileField field{.number = *tag >> 3, .begin = at, .end = at};
    switch (*tag & 7) {
      case 0: {
        if (!Varint(at, end)) return std::nullopt;
        field.end = at;
        return field;
      }
      case 1: field.end = at + 8; break;
      case 2: {
        const std::optional<uint64_t> length = Varint(at, end);
        if (!length || *length > end - at) return std::nullopt;
        field.begin = at;
        field.end = at + *length;
        break;
      }
      case 5: field.end = at + 4; break;
      default: return std::nullopt;
    }
    return field.end <= end ? std::optional(field) : std::nullopt;
  }

  // At most `most` bytes of a field.
  std::string Bytes(const FileField& field, uint64_t most) const {
    std::string bytes(std::min(field.end - field.begin, most), '\0');
    const ssize_t count = pread(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(field.begin));
    bytes.resize(count > 0 ? static_cast<size_t>(count) : 0);
    return bytes;
  }

 private:
  std::optional<uint64_t> Varint(uint64_t& at, uint64_t end) {
    uint64_t value = 0;
    for (int shift = 0; shift < 64 && at < end; shift += 7) {
      const std::optional<uint8_t> byte = ByteAt(at++);
      if (!byte) return std::nullopt;
      value |= static_cast<uint64_t>(*byte & 0x7f) << shift;
      if (*byte < 0x80) return value;
    }
    return std::nullopt;
  }

  std::optional<uint8_t> ByteAt(uint64_t at) {
    if (at < window_begin_ || at - window_begin_ >= window_.size()) {
      window_begin_ = at;
      window_ = Bytes({.number = 0, .begin = at, .end = size_}, 16u << 10);
    }
    if (at - window_begin_ >= window_.size()) return std::nullopt;
    return static_cast<uint8_t>(window_[at - window_begin_]);
  }

  const int descriptor_;
  uint64_t size_ = 0;
  uint64_t window_begin_ = 0;
  std::string window_;
};

struct Operator {
  std::string name;
  std::string type;
  std::vector<std::string> inputs, outputs;  // names of tensors
};

std::string Name(std::string_view bytes) { return OnlyUtf8(bytes.substr(0, kMaxNameBytes)); }

// As far as its attributes.
Operator ReadOperator(const std::string& bytes) {
  Operator read;
  std::string domain;
  wire::Fields fields(bytes);
  while (const std::optional<wire::Field> field = fields.Next()) {
    if (field->number == 1) read.inputs.push_back(Name(field->bytes));
    if (field->number == 2) read.outputs.push_back(Name(field->bytes));
    if (field->number == 3) read.name = Name(field->bytes);
    if (field->number == 4) read.type = Name(field->bytes);
    if (field->number == 7) domain = Name(field->bytes);
  }
  if (!domain.empty()) read.type = domain + "." + read.type;
  return read;
}

std::string NameOfValue(const std::string& bytes) {
  wire::Fields fields(bytes);
  while (const std::optional<wire::Field> field = fields.Next()) {
    if (field->number == 1) return Name(field->bytes);
  }
  return {};
}

struct Graph {
  std::vector<Operator> operators;
  std::vector<std::string> inputs, outputs;
};

// Nothing where the graph is beyond what can be looked at.
std::optional<Graph> ReadGraph(ProtobufFile& file, const FileField& in) {
  Graph graph;
  uint64_t at = in.begin;
  while (const std::optional<FileField> field = file.FieldAt(at, in.end)) {
    at = field->end;
    if (graph.operators.size() + graph.inputs.size() + graph.outputs.size() > kMaxOperators) return std::nullopt;
    if (field->number == 1) graph.operators.push_back(ReadOperator(file.Bytes(*field, kMaxOperatorBytes)));
    if (field->number == 11) graph.inputs.push_back(NameOfValue(file.Bytes(*field, kMaxNameBytes)));
    if (field->number == 12) graph.outputs.push_back(NameOfValue(file.Bytes(*field, kMaxNameBytes)));
  }
  return graph;
}

// Names of nodes are unique; '/' makes groups of them, and what else TensorFlow does not allow becomes '_'.
class NodeNames {
 public:
  std::string Unique(std::string_view wanted) {
    std::string name;
    for (const char c : wanted) {
      const bool is_allowed = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
                              c == '_' || c == '-' || c == '/';
      name += is_allowed ? c : '_';
    }
    while (name.starts_with('/')) name.erase(0, 1);
    if (name.empty()) name = "node";
    std::string unique = name;
    for (uint64_t& number = next_[name]; !taken_.insert(unique).second;) unique = fmt::format("{}_{}", name, ++number);
    return unique;
  }

 private:
  std::set<std::string> taken_;
  std::unordered_map<std::string, uint64_t> next_;
};

MessageWriter Node(std::string_view name, std::string_view type) { return MessageWriter().Add(1, name).Add(2, type); }

std::string ToGraphDef(const Graph& graph) {
  NodeNames names;
  std::unordered_map<std::string, std::string> made_by;  // a tensor: the node that has it, with its place there
  MessageWriter graph_def;
  for (const std::string& input : graph.inputs) {
    const std::string node = names.Unique(input);
    made_by[input] = node;
    graph_def.Add(1, Node(node, "Placeholder"));
  }
  std::vector<std::string> nodes;
  for (const Operator& op : graph.operators) {
    nodes.push_back(names.Unique(op.name.empty() ? op.type : op.name));
    for (size_t i = 0; i < op.outputs.size(); ++i) {
      made_by[op.outputs[i]] = i == 0 ? nodes.back() : fmt::format("{}:{}", nodes.back(), i);
    }
  }
  for (size_t i = 0; i < nodes.size(); ++i) {
    MessageWriter node = Node(nodes[i], graph.operators[i].type);
    for (const std::string& input : graph.operators[i].inputs) {
      // Weights have no node.
      if (const auto found = made_by.find(input); found != made_by.end()) node.Add(3, found->second);
    }
    graph_def.Add(1, node);
  }
  for (const std::string& output : graph.outputs) {
    MessageWriter node = Node(names.Unique(output), "Output");
    if (const auto found = made_by.find(output); found != made_by.end()) node.Add(3, found->second);
    graph_def.Add(1, node);
  }
  return graph_def.bytes();
}

}  // namespace

std::string OnnxGraphDef(const std::string& path) {
  ProtobufFile file(path);
  uint64_t at = 0;
  while (const std::optional<FileField> field = file.FieldAt(at, file.size())) {
    at = field->end;
    if (field->number != 7) continue;
    const std::optional<Graph> graph = ReadGraph(file, *field);
    return graph && !graph->operators.empty() ? ToGraphDef(*graph) : std::string();
  }
  return {};
}

}  // namespace neso
