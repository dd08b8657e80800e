#include "observe/trace_summary.h"

#include <fmt/format.h>
#include <rapidjson/error/en.h>
#include <rapidjson/filereadstream.h>
#include <rapidjson/reader.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

namespace neso {
namespace {

// A phase lasts from one activity to another.
struct Phase {
  const char* name;
  const char* from;
  const char* to;
  int depth;  // in the text
};

constexpr std::array kPhases = {
    Phase{"HTTP request", "HTTP_RECV_START", "HTTP_SEND_END", 0},
    Phase{"GRPC request", "GRPC_WAITREAD_START", "GRPC_SEND_END", 0},
    Phase{"Receive", "HTTP_RECV_START", "HTTP_RECV_END", 1},
    Phase{"Wait/Read", "GRPC_WAITREAD_START", "GRPC_WAITREAD_END", 1},
    Phase{"Send", "HTTP_SEND_START", "HTTP_SEND_END", 1},
    Phase{"Send (gRPC)", "GRPC_SEND_START", "GRPC_SEND_END", 1},
    Phase{"Handler", "REQUEST_START", "REQUEST_END", 1},
    Phase{"Queue", "QUEUE_START", "COMPUTE_START", 2},
    Phase{"Compute", "COMPUTE_START", "COMPUTE_END", 2},
    Phase{"Input", "COMPUTE_START", "COMPUTE_INPUT_END", 3},
    Phase{"Infer", "COMPUTE_INPUT_END", "COMPUTE_OUTPUT_START", 3},
    Phase{"Output", "COMPUTE_OUTPUT_START", "COMPUTE_END", 3},
};

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

// Reads the array of elements, one after the other: a file may be larger than the memory.
class Elements : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, Elements> {
 public:
  explicit Elements(TraceSummary& summary) : summary_(summary) {}

  bool Default() { return depth_ > 0; }
  bool StartArray() { return depth_++ > 0 || !std::exchange(has_begun_, true); }
  bool EndArray(rapidjson::SizeType) { return --depth_ >= 0; }
  bool StartObject() { return depth_++ > 0; }
  bool EndObject(rapidjson::SizeType) {
    if (--depth_ == 1) summary_.Add(std::exchange(element_, {}));
    return true;
  }
  bool Key(const char* text, rapidjson::SizeType size, bool) {
    key_.assign(text, size);
    if (depth_ == 2 && key_ == "tensor") element_.has_tensor = true;
    return true;
  }
  bool Int(int value) { return Number(static_cast<uint64_t>(value)); }
  bool Uint(unsigned value) { return Number(value); }
  bool Int64(int64_t value) { return Number(static_cast<uint64_t>(value)); }
  bool Uint64(uint64_t value) { return Number(value); }
  bool String(const char* text, rapidjson::SizeType size, bool) {
    std::string* const to = Member();
    if (to != nullptr) to->assign(text, size);
    return depth_ > 0;
  }

 private:
  bool Number(uint64_t value) {
    if (depth_ == 2 && key_ == "id") element_.id = value;
    if (depth_ == 2 && key_ == "model_version") element_.model_version = static_cast<int64_t>(value);
    if (depth_ > 2 && key_ == "ns") element_.ns = value;
    return depth_ > 0;
  }

  std::string* Member() {
    if (depth_ == 2 && key_ == "model_name") return &element_.model_name;
    if (depth_ == 2 && key_ == "activity") return &element_.activity;
    if (depth_ < 3) return nullptr;
    if (key_ == "name") return element_.has_tensor ? &element_.tensor_name : &element_.activity;
    if (key_ == "data") return &element_.tensor_data;
    if (key_ == "shape") return &element_.tensor_shape;
    return key_ == "dtype" ? &element_.tensor_datatype : nullptr;
  }

  TraceSummary& summary_;
  int depth_ = 0;
  bool has_begun_ = false;
  std::string key_;
  TraceElement element_;
};

std::optional<uint64_t> DurationOf(const Phase& phase, const std::map<std::string, uint64_t, std::less<>>& ns) {
  const auto from = ns.find(phase.from);
  const auto to = ns.find(phase.to);
  if (from == ns.end() || to == ns.end()) return std::nullopt;
  // The clock's readings are of different threads, and a backend reports what it wants.
  return to->second > from->second ? to->second - from->second : 0;
}

}  // namespace

Status TraceSummary::AddFile(const std::string& path) {
  const std::unique_ptr<std::FILE, CloseFile> file(std::fopen(path.c_str(), "rbe"));
  if (file == nullptr) return NotFound("cannot open '{}': {}", path, std::generic_category().message(errno));
  std::array<char, 1u << 16> buffer;
  rapidjson::FileReadStream stream(file.get(), buffer.data(), buffer.size());
  rapidjson::Reader reader;
  Elements elements(*this);
  const rapidjson::ParseResult parsed = reader.Parse<rapidjson::kParseIterativeFlag>(stream, elements);
  EndFile();
  if (!parsed) {
    return InvalidArg(
        "'{}' is no trace file at byte {}: expected a JSON array of traces, as --trace-config=triton,file= "
        "writes it ({})",
        path, parsed.Offset(), rapidjson::GetParseError_En(parsed.Code()));
  }
  return {};
}

void TraceSummary::Add(TraceElement element) {
  Trace& trace = traces_[element.id];
  if (!element.model_name.empty()) trace.model = fmt::format("{} ({})", element.model_name, element.model_version);
  if (element.has_tensor) {
    if (!shows_tensors_) return;
    trace.tensors.push_back(fmt::format("{} {} {} [{}]: {}", element.activity, element.tensor_name,
                                        element.tensor_datatype, element.tensor_shape, element.tensor_data));
  } else if (!element.activity.empty()) {
    trace.ns.try_emplace(std::move(element.activity), element.ns);
  }
}

void TraceSummary::EndFile() {
  for (auto& [id, trace] : traces_) {
    if (trace.model.empty()) continue;
    Model& model = models_[trace.model];
    ++model.count;
    AddPhases(trace, model);
    for (const std::string& tensor : trace.tensors) model.tensors.push_back(fmt::format("{}: {}", id, tensor));
  }
  traces_.clear();
}

void TraceSummary::AddPhases(const Trace& trace, Model& model) {
  for (const Phase& phase : kPhases) {
    const std::optional<uint64_t> duration = DurationOf(phase, trace.ns);
    if (!duration) continue;
    auto& [count, ns] = model.phases[phase.name];
    ++count;
    ns += *duration;
  }
}

std::string TraceSummary::Text() const {
  std::string text;
  for (const auto& [name, model] : models_) {
    fmt::format_to(std::back_inserter(text), "Summary for {}: trace count = {}\n", name, model.count);
    for (const Phase& phase : kPhases) {
      const auto found = model.phases.find(phase.name);
      if (found == model.phases.end()) continue;
      const auto& [count, ns] = found->second;
      fmt::format_to(std::back_inserter(text), "{}{} (avg): {:.1f}us\n", std::string(phase.depth * 4u, ' '), phase.name,
                     static_cast<double>(ns) / static_cast<double>(count) / 1000);
    }
    for (const std::string& tensor : model.tensors) fmt::format_to(std::back_inserter(text), "    {}\n", tensor);
  }
  return text;
}

}  // namespace neso
