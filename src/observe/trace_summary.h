// What trace files say on the whole: by model, how many requests there were, and how long they took where.
//
//   TraceSummary summary;
//   RETURN_IF_ERROR(summary.AddFile("trace.json"));
//   std::fputs(summary.Text().c_str(), stdout);
//
// Source: Triton's trace files (observe/trace_json.h) and the phases that its trace_summary.py tells.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace neso {

// An element of a trace file: what it has not is empty.
struct TraceElement {
  uint64_t id = 0;
  std::string model_name;
  int64_t model_version = 0;
  std::string activity;  // of a timestamp, or of a tensor
  uint64_t ns = 0;
  bool has_tensor = false;
  std::string tensor_name, tensor_datatype, tensor_shape, tensor_data;
};

class TraceSummary {
 public:
  // `shows_tensors`: the text has every tensor, too.
  explicit TraceSummary(bool shows_tensors = false) : shows_tensors_(shows_tensors) {}

  // Ids begin anew in each file. Errors: kNotFound when it cannot be opened, kInvalidArg with the place where it is no
  // trace file; what came before counts.
  Status AddFile(const std::string& path);
  void Add(TraceElement element);
  // The traces so far are whole: ids that come may be those of others.
  void EndFile();

  std::string Text() const;

 private:
  struct Trace {
    std::string model;                                // "name (version)"
    std::map<std::string, uint64_t, std::less<>> ns;  // the first of each activity
    std::vector<std::string> tensors;
  };
  struct Model {
    uint64_t count = 0;
    std::map<std::string, std::pair<uint64_t, uint64_t>> phases;  // how many, and their ns together
    std::vector<std::string> tensors;
  };
  static void AddPhases(const Trace& trace, Model& model);

  const bool shows_tensors_;
  std::map<uint64_t, Trace> traces_;
  std::map<std::string, Model> models_;
};

}  // namespace neso
