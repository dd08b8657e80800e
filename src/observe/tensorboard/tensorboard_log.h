// What models do, as TensorBoard shows it: a folder for each version of a model, to which a thread of its own adds
// scalars and histograms from time to time, and at the beginning the graph of an ONNX model.
//
//   TensorboardLog log({.folder = "/logs"}, [&] { return server.ReadyModels(); }, graph_of);
//   ...
//   log.Close();      // what has happened since the last time is written, too
//
// It reads the statistics that models keep in any case: requests know nothing of it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/log_throttle.h"
#include "base/mutex.h"
#include "core/model.h"
#include "observe/tensorboard/event_file.h"

namespace neso {

struct TensorboardOptions {
  std::string folder;  // empty: nothing is written
  std::chrono::seconds interval{30};
  size_t max_bytes_a_file = 16u << 20;
};

// What has happened between two readings of a model's statistics, `seconds` apart.
std::vector<SummaryValue> SummaryValuesOf(const Model& model, const StatisticsSnapshot& before,
                                          const StatisticsSnapshot& now, double seconds);

// Thread-safe.
class TensorboardLog {
 public:
  using Models = std::function<std::vector<ModelHandle>()>;
  // A GraphDef message; empty: the model has none to show.
  using GraphOf = std::function<std::string(const Model& model)>;

  TensorboardLog(TensorboardOptions options, Models models, GraphOf graph_of);
  ~TensorboardLog();  // closes
  TensorboardLog(const TensorboardLog&) = delete;
  TensorboardLog& operator=(const TensorboardLog&) = delete;

  // Writes once more, and no more after that. While models are still there.
  void Close();

 private:
  // What was read of a model, from its load on.
  struct Life {
    std::weak_ptr<Model> of;
    StatisticsSnapshot last{};
    std::chrono::steady_clock::time_point at{};
    bool has_graph = false;
    bool was_idle = false;
  };
  // One for each name; when a model is loaded again it goes on in the same files.
  struct Run {
    Run(std::string folder, size_t max_bytes) : file(std::move(folder), max_bytes) {}
    EventFile file;
    int64_t step = 0;
    Life life{};
  };

  void ThreadMain();
  // False when it is the last one.
  bool AwaitTurn();
  void WriteAll();
  void Write(const ModelHandle& model, Run& run);

  const TensorboardOptions options_;
  const Models models_;
  const GraphOf graph_of_;
  LogThrottle complaints_;
  std::map<std::string, Run> runs_;  // the thread's
  Mutex mutex_;
  CondVar changed_;
  bool is_closing_ GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace neso
