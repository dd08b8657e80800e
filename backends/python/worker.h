// A worker: the process that runs the Python of one model instance, and what the server has under way with it.
//
//   NESO_ASSIGN_OR_RETURN(const std::shared_ptr<Worker> worker, Worker::Start(interpreter, place));
//   NESO_RETURN_IF_ERROR(worker->Initialize(arguments));
//   worker->Execute(execution);
//
// Nothing that it writes is believed: a message that makes no sense ends the worker, not the server.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "inference_calls.h"
#include "interpreter.h"
#include "metric_calls.h"
#include "neso/backend/execution.h"
#include "open_requests.h"
#include "protocol.h"
#include "request_encoder.h"
#include "settings.h"
#include "watcher.h"

namespace neso::python {

// The error of everything that needs the process of this instance while there is none.
backend::Status NotHealthy(const std::string& instance);

// What a worker belongs to. All of it lives longer than the worker.
struct WorkerPlace {
  std::string name;   // of the instance; errors say it
  std::string model;  // its name
  int64_t version = 0;
  TRITONBACKEND_ModelInstance* instance = nullptr;  // nullptr: it completes a configuration
  TRITONSERVER_Server* server = nullptr;
  bool decoupled = false;
  Limits limits = {};
};

// Thread-safe, but for Initialize, AutoComplete, Execute and Finalize, of which one runs at a time.
class Worker final : public Watched, public std::enable_shared_from_this<Worker> {
 public:
  // `on_exit` is called on the watcher's thread once the process has ended and its requests have failed.
  static backend::Result<std::shared_ptr<Worker>> Start(const Interpreter& interpreter, WorkerPlace place,
                                                        std::function<void()> on_exit);
  Worker(WorkerPlace place, std::unique_ptr<Segment> segment, int socket, std::function<void()> on_exit);
  ~Worker() override;

  // `arguments`: JSON; see worker/neso_python_worker/main.py.
  backend::Status Initialize(const std::string& arguments);
  // The completed configuration.
  backend::Result<std::string> AutoComplete(const std::string& arguments);
  void Execute(backend::Execution& execution);
  // Runs the model's finalize, if the worker still listens, and ends the process; after the limit by force.
  void Finalize();
  // Ends the process now, and all that the model has forked: they are of one group.
  void Kill();

  // Whether the process has ended.
  bool gone() const { return memory_->channel->closed(); }
  // What the model's own is_ready says, and that there is a process to ask.
  backend::Status CheckReady();

  void OnBell() override;
  void OnTime() override;
  void OnExit(End end) override;

 private:
  // What an execution, an initialisation or a finalisation waits for.
  struct Outcome {
    Kind kind = Kind::kFailed;
    uint32_t flags = 0;
    std::vector<std::byte> body;
  };

  // Reads messages until one of those that end a piece of work comes; nothing if the worker is gone, or the time is up.
  std::optional<Outcome> Await(Channel::Reader& reader,
                               std::chrono::milliseconds limit = std::chrono::milliseconds::max());
  backend::Result<Outcome> Ask(Kind kind, const std::string& arguments);
  // Handles what nobody waits for. False if it makes no sense, or cannot be handled; throws nothing.
  bool Handle(const NesoSlot& slot);
  bool HandleKind(const NesoSlot& slot);
  bool HandleSend(const NesoSlot& slot);
  bool HandleLog(const NesoSlot& slot);
  bool HandleCall(const NesoSlot& slot);
  bool HandleIsReady(const NesoSlot& slot);
  // Nothing if it does not lie in the segment, or there is no memory for a copy.
  std::optional<std::vector<std::byte>> Body(const NesoSlot& slot) const;
  void AnswerBatch(backend::Execution& execution, uint64_t first_id, const Outcome& outcome, const Sendable& sendable);
  backend::Status AnswerOne(backend::Request& request, uint64_t id, WorkerResponse& response, const Sendable& sendable);
  // Reads what nobody has read.
  void Drain();
  void Condemn(std::string_view why);
  enum class Whom { kProcess, kGroup };
  void Signal(int signal, Whom whom);
  // What requests that the worker had are told when it is gone.
  backend::Status WhyGone() const;
  // Sees to it that OnTime() is called before what is open has waited longer than the limit.
  void WatchTime(std::chrono::steady_clock::time_point since);
  backend::Status AskIsReady();

  const WorkerPlace place_;
  const std::shared_ptr<WorkerMemory> memory_;
  const int socket_;
  const std::function<void()> on_exit_;
  int pid_ = 0;
  bool has_is_ready_ = false;
  OpenRequests open_;
  InferenceCalls calls_;
  MetricCalls metrics_;
  RequestEncoder encoder_;
  uint64_t next_request_ = 1;
  std::mutex kill_mutex_;
  bool reaped_ = false;
  std::atomic<bool> time_is_watched_ = false;
  std::atomic<bool> is_overdue_ = false;
  std::atomic<bool> lacks_numpy_ = false;

  // The question whether the model is ready: one at a time, others share its answer.
  std::mutex ready_mutex_;
  std::condition_variable ready_changed_;
  bool ready_asked_ = false;
  uint64_t ready_question_ = 0;
  uint64_t ready_answered_ = 0;
  IsReadyAnswer ready_answer_ = IsReadyAnswer::kYes;
};

}  // namespace neso::python
