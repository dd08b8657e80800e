// A loaded version of a model: what front ends ask about and what requests are sent to.
//
// Held by ModelHandle: the repository's ends at unload, each request in flight holds another, and the last one to go
// takes the instances down.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/event.h"
#include "base/mutex.h"
#include "base/name_index.h"
#include "base/status.h"
#include "config/model_config.pb.h"
#include "core/model_handle.h"
#include "core/scheduler.h"
#include "core/statistics.h"
#include "core/types.h"

namespace neso {

// A configured input or output, in the form the request path needs.
struct TensorSpec {
  std::string name;
  DataType datatype = DataType::kInvalid;
  Shape dims;     // as configured, without batch dimension; -1 is any size
  Shape reshape;  // what the backend sees instead, if has_reshape
  bool has_reshape = false;
  bool optional = false;
  bool allow_ragged_batch = false;
  bool is_shape_tensor = false;
  bool is_non_linear_format_io = false;
  std::vector<std::string> labels;  // of an output with a label file
};

// Thread-safe; everything but the scheduler is constant once the model is published.
class Model {
 public:
  // `labels` by output name. Precondition: `config` is complete and valid.
  Model(inference::ModelConfig config, int64_t version, std::map<std::string, std::vector<std::string>> labels);
  virtual ~Model();

  const std::string& name() const { return config().name(); }
  // What it is known by in this server, and the part before its name (config/model_id.h).
  const std::string& id() const { return id_; }
  const std::string& name_space() const { return name_space_; }
  // Before the model is published.
  void SetNamespace(std::string name_space);
  int64_t version() const { return version_; }
  const inference::ModelConfig& config() const { return *config_.load(std::memory_order_acquire); }
  // After an update in place, which changes instance_group and version_policy only. What config() returned before stays
  // valid as long as the model.
  void UpdateConfig(inference::ModelConfig config);
  uint32_t max_batch_size() const { return max_batch_size_; }
  bool is_decoupled() const { return is_decoupled_; }

  const std::vector<TensorSpec>& inputs() const { return inputs_; }
  const std::vector<TensorSpec>& outputs() const { return outputs_; }
  const TensorSpec* FindInput(std::string_view name) const;   // null: no such input
  const TensorSpec* FindOutput(std::string_view name) const;  // null: no such output
  size_t required_input_count() const { return required_input_count_; }
  const std::vector<std::string>& output_names() const { return output_names_; }

  ModelStatistics& statistics() { return statistics_; }
  const ModelStatistics& statistics() const { return statistics_; }
  double load_seconds() const { return load_seconds_; }
  void set_load_seconds(double seconds) { load_seconds_ = seconds; }

  // Whether the backend says it can serve now (TRITONBACKEND_ModelInstanceReady of each instance).
  virtual Status CheckReady() const { return {}; }

  // The scheduler is set once, before the model is published. A derived class that owns the instances sets it to null
  // in its destructor, so that it goes before them.
  void SetScheduler(std::unique_ptr<Scheduler> scheduler) { scheduler_ = std::move(scheduler); }
  // For another scheduler that puts itself before it; before the model is published.
  std::unique_ptr<Scheduler> TakeScheduler() { return std::move(scheduler_); }
  Scheduler& scheduler() { return *scheduler_; }

  // When it was last looked up for a request, to some milliseconds. Only where models come and go on demand is that noted:
  // otherwise the time is zero.
  TimePoint last_use() const { return TimePoint(Nanoseconds(last_use_ns_.load(std::memory_order_relaxed))); }
  void NoteUse(TimePoint now) { last_use_ns_.store(now.time_since_epoch().count(), std::memory_order_relaxed); }

  // Requests between Submit and release.
  size_t InflightCount() const { return inflight_.load(); }
  void BeginRequest() { inflight_.fetch_add(1, std::memory_order_relaxed); }
  void EndRequest() {
    // In one order with WatchRequests and what its caller counts then: one of the two sees the other.
    if (inflight_.fetch_sub(1) != 1) return;
    if (Event* const idle = idle_.load()) idle->Set();
  }
  // From now on `idle` is set whenever the last request ends. Kept as long as the model; the first one counts.
  void WatchRequests(std::shared_ptr<Event> idle);

 private:
  Mutex mutex_;
  std::vector<std::unique_ptr<const inference::ModelConfig>> configs_ GUARDED_BY(mutex_);  // the last one counts
  std::atomic<const inference::ModelConfig*> config_;
  const uint32_t max_batch_size_;
  const bool is_decoupled_;
  const int64_t version_;
  std::string name_space_;
  std::string id_;
  std::vector<TensorSpec> inputs_;
  std::vector<TensorSpec> outputs_;
  NameIndex input_index_;
  NameIndex output_index_;
  std::vector<std::string> output_names_;
  size_t required_input_count_ = 0;
  double load_seconds_ = 0;
  ModelStatistics statistics_;
  std::atomic<int64_t> last_use_ns_{0};
  std::atomic<size_t> inflight_{0};
  std::shared_ptr<Event> watcher_ GUARDED_BY(mutex_);
  std::atomic<Event*> idle_{nullptr};  // that of watcher_, for EndRequest, which takes no lock
  std::unique_ptr<Scheduler> scheduler_;
};

}  // namespace neso
