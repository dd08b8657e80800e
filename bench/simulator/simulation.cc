#include "simulation.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "core/response_allocator.h"
#include "core/test_support.h"
#include "schedule/sequence_config.h"

namespace neso::simulator {
namespace {

constexpr std::string_view kInput = R"(name: "m" input { name: "x" data_type: TYPE_INT8 dims: -1 } )";
constexpr char kZeros[4096] = {};  // what inputs hold

Record& RecordOf(const InferenceRequest& request) { return *static_cast<Record*>(request.scheduler_data); }

void Forget(TRITONSERVER_InferenceRequest* request, uint32_t, void*) { delete static_cast<InferenceRequest*>(request); }
void ForgetResponse(TRITONSERVER_InferenceResponse* response, uint32_t, void*) {
  delete static_cast<InferenceResponse*>(response);
}

}  // namespace

class Simulation::Entrance final : public Scheduler {
 public:
  explicit Entrance(Simulation& simulation) : simulation_(simulation) {}
  Status Enqueue(std::unique_ptr<InferenceRequest>& request) override { return simulation_.Enqueue(request); }
  void Stop() override {}

 private:
  Simulation& simulation_;
};

Simulation::Simulation(const Scenario& scenario)
    : scenario_(scenario),
      model_(test::MakeModel(std::string(kInput) + scenario.config)),
      workers_(scenario.instances) {
  model_->SetScheduler(std::make_unique<Entrance>(*this));
  const inference::ModelConfig& config = model_->config();
  if (!config.has_sequence_batching()) {
    lanes_.push_back(
        std::make_unique<QueueLane>(*model_, config.has_dynamic_batching() ? DynamicConfig(config) : DirectConfig()));
  } else {
    const SequenceConfig of_sequences = MakeSequenceConfig(config);
    sequences_ = std::make_unique<SequenceTable>(scenario.instances, of_sequences.slots);
    for (unsigned i = 0; i < scenario.instances; ++i) {
      workers_[i].lane = i;
      if (of_sequences.oldest) {
        lanes_.push_back(std::make_unique<QueueLane>(*model_, *of_sequences.oldest));
      } else {
        lanes_.push_back(std::make_unique<SlotLane>(*model_, of_sequences.direct));
      }
    }
  }
  looks_.assign(lanes_.size(), TimePoint::max());
}

// The requests that never ended are the lanes'; the model that they hold must not outlive what its scheduler borrows.
Simulation::~Simulation() {
  lanes_.clear();
  sequences_.reset();
}

Outcome Simulation::Run() {
  for (const Arrival& arrival : scenario_.load.first) PlanArrival(arrival);
  while (!events_.empty()) {
    const Event event = events_.top();
    events_.pop();
    now_ = event.at;
    Handle(event);
  }
  Outcome outcome{.requests = {}, .batches = batches_, .end = now_};
  outcome.requests.reserve(arrived_.size());
  for (const size_t index : arrived_) outcome.requests.push_back(records_[index]);
  return outcome;
}

void Simulation::Handle(const Event& event) {
  switch (event.what) {
    case Happens::kArrival: return Arrive(event.which);
    case Happens::kCancellation: return Cancel(event.which);
    case Happens::kEndOfExecution: return EndExecution(event.which);
    case Happens::kLook:
      if (looks_[event.which] == event.at) looks_[event.which] = TimePoint::max();
      return Start(event.which);
  }
}

// --- requests come ---------------------------------------------------------------------------------------------------

void Simulation::PlanArrival(std::optional<Arrival> arrival) {
  if (!arrival) return;
  records_.push_back({.arrival = *arrival});
  Plan(std::max(arrival->at, now_), Happens::kArrival, records_.size() - 1);
}

void Simulation::Arrive(size_t index) {
  arrived_.push_back(index);
  Record& record = records_[index];
  const Arrival& arrival = record.arrival;
  if (scenario_.load.after_arrival) PlanArrival(scenario_.load.after_arrival(arrival));

  std::unique_ptr<InferenceRequest> request = InferenceRequest::Create(model_, -1);
  const bool has_batches = model_->max_batch_size() > 0;
  const Shape shape = has_batches ? Shape{arrival.rows, arrival.elements} : Shape{arrival.elements};
  BufferAttributes attributes;
  attributes.byte_size = static_cast<size_t>(arrival.elements) * (has_batches ? arrival.rows : 1);
  CHECK(attributes.byte_size <= sizeof(kZeros), "a scenario's requests are small");
  CHECK(request->AddInput("x", DataType::kInt8, shape).ok(), "there is no input yet");
  CHECK(request->AppendInputData("x", kZeros, attributes).ok(), "there is this input");
  if (arrival.client != 0) request->AddParameter("client", static_cast<int64_t>(arrival.client));
  request->SetPriority(arrival.priority);
  request->SetTimeoutMicroseconds(arrival.timeout_us);
  request->SetCorrelationId(CorrelationId(arrival.sequence));
  request->SetFlags(arrival.flags);
  request->SetReleaseCallback(&Forget, nullptr);
  static const ResponseAllocator allocator(nullptr, nullptr, nullptr);  // responses have no outputs
  request->SetResponseCallback(&allocator, nullptr, &ForgetResponse, nullptr);
  request->scheduler_data = &record;
  if (!InferenceRequest::Submit(request).ok()) End(record, Fate::kRefused);
}

Status Simulation::Enqueue(std::unique_ptr<InferenceRequest>& request) {
  if (sequences_ != nullptr) {
    ASSIGN_OR_RETURN(const SequenceTable::Handed handed, sequences_->Accept(request));
    Deliver(handed);
    return {};
  }
  // The request may have ended when Start returns.
  const TimePoint cancelled_at = RecordOf(*request).arrival.cancelled_at;
  std::shared_ptr<ResponseFactory> factory = request->shared_response_factory();
  std::unique_ptr<InferenceRequest> displaced;
  RETURN_IF_ERROR(lanes_[0]->Accept(request, 0, now_, displaced));
  if (displaced != nullptr) End(displaced.release(), Fate::kRefused);
  if (cancelled_at != TimePoint::max()) {
    cancellations_.push_back(std::move(factory));
    Plan(cancelled_at, Happens::kCancellation, cancellations_.size() - 1);
  }
  Start(0);
  return {};
}

void Simulation::Deliver(const SequenceTable::Handed& handed) {
  if (handed.request == nullptr) return;
  std::unique_ptr<InferenceRequest> request(handed.request);
  std::unique_ptr<InferenceRequest> displaced;
  const Status status = lanes_[handed.instance]->Accept(request, handed.slot, now_, displaced);
  CHECK(status.ok(), "a lane of sequences refuses nothing");
  Start(handed.instance);
}

// --- batches ---------------------------------------------------------------------------------------------------------

void Simulation::Start(size_t lane) {
  for (size_t i = 0; i < workers_.size(); ++i) {
    Worker& worker = workers_[i];
    if (worker.lane != lane || worker.is_busy) continue;
    const TimePoint look = lanes_[lane]->Take(now_, worker.batch);
    Drop(worker.batch);
    if (!worker.batch.requests.empty()) {
      Execute(i);
      continue;
    }
    if (look < looks_[lane]) {
      looks_[lane] = look;
      Plan(std::max(look, now_), Happens::kLook, lane);
    }
    return;  // nor would another one find a batch
  }
}

void Simulation::Execute(size_t index) {
  Worker& worker = workers_[index];
  worker.is_busy = true;
  uint32_t rows = 0, place = 0;
  for (InferenceRequest* request : worker.batch.requests) {
    request->MarkExecuting();
    Record& record = RecordOf(*request);
    record.began = now_;
    record.batch = static_cast<uint32_t>(batches_);
    record.instance = static_cast<uint32_t>(index);
    record.place = place++;
    rows += request->batch_size();
  }
  ++batches_;
  Plan(now_ + scenario_.execution(rows), Happens::kEndOfExecution, index);
}

void Simulation::EndExecution(size_t index) {
  Worker& worker = workers_[index];
  for (InferenceRequest* request : std::exchange(worker.batch.requests, {})) End(request, Fate::kExecuted);
  if (!worker.batch.waits.empty()) lanes_[worker.lane]->OnExecuted(worker.batch, now_);
  worker.batch.waits.clear();
  worker.is_busy = false;
  Start(worker.lane);
}

void Simulation::Cancel(size_t which) {
  std::exchange(cancellations_[which], nullptr)->Cancel();
  Batch dropped;
  lanes_[0]->TakeCancelled(dropped);
  Drop(dropped);
}

void Simulation::Drop(Batch& batch) {
  for (InferenceRequest* request : std::exchange(batch.expired, {})) End(request, Fate::kExpired);
  for (InferenceRequest* request : std::exchange(batch.cancelled, {})) End(request, Fate::kCancelled);
}

// --- requests go -----------------------------------------------------------------------------------------------------

void Simulation::End(InferenceRequest* request, Fate fate) {
  Record& record = RecordOf(*request);
  InferenceRequest::Release(std::unique_ptr<InferenceRequest>(request), TRITONSERVER_REQUEST_RELEASE_ALL);
  End(record, fate);
  if (sequences_ != nullptr) Deliver(sequences_->Next(record.arrival.sequence));
}

void Simulation::End(Record& record, Fate fate) {
  record.fate = fate;
  record.ended = now_;
  ++record.times_ended;
  if (scenario_.load.after_end) PlanArrival(scenario_.load.after_end(record));
}

}  // namespace neso::simulator
