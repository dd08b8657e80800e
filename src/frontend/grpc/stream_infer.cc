#include "frontend/grpc/stream_infer.h"

#include <utility>
#include <vector>

#include "base/block_cache.h"
#include "base/catch_exceptions.h"
#include "base/in_turn.h"
#include "frontend/grpc/grpc_access.h"
#include "frontend/grpc/grpc_status.h"
#include "frontend/grpc/infer_response.h"
#include "frontend/request_log.h"

namespace neso {
namespace {
// What a short answer takes while it waits for its turn.
constexpr size_t kWaitingBytes = 256;
// More than clients have under way, who do not send without looking at the answers.
constexpr size_t kMostTurnsWithoutMemory = 1000;
}  // namespace

class StreamInfer::Run final : public InferRun {
 public:
  explicit Run(std::shared_ptr<StreamInfer> stream) : InferRun(stream->context_), stream_(std::move(stream)) {}

  // The model has been found, or `found` says why not.
  void Begin(const Status& found, const ReadTimes& read) {
    const std::shared_ptr<StreamInfer> stream = stream_;
    stream->Begin(*this, found, read);
    stream->EndLookup();
  }

  // Its place among the answers; a decoupled request has none.
  void TakeTurn(std::shared_ptr<Turn> turn) { turn_ = std::move(turn); }

  void Keep(AccessTicketRef ticket) { ticket_ = std::move(ticket); }
  void NoteResult(net::GrpcCode code) {
    if (ticket_ != nullptr) ticket_->NoteResult(static_cast<int>(code));
  }

  void LeavePlace() {
    if (ticket_ != nullptr) ticket_->LeavePlace();
  }

  void Deliver(net::GrpcMessage message) {
    TraceSending(message);
    if (turn_) {
      stream_->Answer(turn_, std::move(message));
    } else if (!stream_->Send(std::move(message))) {
      Cancel();
    }
  }

  // For who looks after it: the log, the account of the client, the trace.
  void NoteFailure(const Status& error) {
    LogFailedInference(model_name(), id(), trace().get(), error);
    NoteResult(ToGrpcStatus(error).code);
    if (trace() != nullptr) trace()->NoteFailure(error);
  }

 private:
  void OnResponse(std::unique_ptr<InferenceResponse> response, bool is_final) override {
    BeginAnswer(is_final);
    if (is_final) LeavePlace();
    if (is_decoupled()) {
      SendDecoupled(std::move(response), is_final);
    } else {
      if (response) {
        // The client expects one answer: the first, whatever a model sends after it.
        if (!response_) response_ = std::move(response);
      }
      if (is_final) SendOnly();
    }
    if (!is_final) return;
    NoteResult(net::GrpcCode::kOk);
    stream_->Retire(this);
  }

  void OnFailure(const Status& error, bool is_final) override {
    Fail(error, is_final);
    if (is_final) stream_->Retire(this);
  }

  void SendDecoupled(std::unique_ptr<InferenceResponse> response, bool is_final) {
    if (response) {
      Deliver(std::move(response), is_final);
    } else if (options().empty_final_response) {
      Deliver(EncodeStreamNotice(
          {.error = {}, .id = id(), .model_name = model_name(), .model_version = model_version(), .is_final = true}));
    }
  }

  void SendOnly() {
    if (!response_) return Fail(Internal("expected a single response, got 0"), true);
    Deliver(std::move(response_), true);
  }

  void Deliver(std::unique_ptr<InferenceResponse> response, bool is_final) {
    if (const Status status = CheckResponse(*response); !status.ok()) return Fail(status, is_final);
    Expected<net::GrpcMessage> message = EncodeStreamResponse(std::move(response), options(), shared(), is_final);
    if (!message) return Fail(message.error(), is_final);
    Deliver(*std::move(message));
  }

  void Fail(const Status& error, bool is_final) {
    NoteFailure(error);
    if (stream_->errors_end_stream_) return stream_->Break(ToGrpcStatus(error));
    Deliver(EncodeStreamNotice({.error = error.message(),
                                .id = id(),
                                .model_name = model_name(),
                                .model_version = model_version(),
                                .is_final = is_final}));
  }

  const std::shared_ptr<StreamInfer> stream_;
  std::shared_ptr<Turn> turn_;
  AccessTicketRef ticket_;  // null mostly
  std::unique_ptr<InferenceResponse> response_;
};

// A model that is loaded on demand may take long to be found; what comes after it on the stream stays after it.
class StreamInfer::Lookup final : public Runnable {
 public:
  Lookup(std::shared_ptr<StreamInfer> stream, std::shared_ptr<StreamInfer::Run> run, ReadTimes read)
      : stream_(std::move(stream)), run_(std::move(run)), read_(read) {}
  void Run() override {
    const std::unique_ptr<Lookup> self(this);
    stream_->LookUp(run_, read_);
  }

 private:
  const std::shared_ptr<StreamInfer> stream_;
  const std::shared_ptr<StreamInfer::Run> run_;
  const ReadTimes read_;
};

StreamInfer::StreamInfer(const InferContext& context, const std::atomic<bool>& is_draining, const OpenStreams& streams,
                         net::GrpcCallRef call, AccessCallerRef caller)
    : context_(context),
      is_draining_(is_draining),
      streams_(streams),
      call_(std::move(call)),
      caller_(std::move(caller)),
      metadata_parameters_(context.header_forwarder != nullptr ? context.header_forwarder->FromMetadata(call_->head())
                                                               : std::vector<NamedParameter>()),
      errors_end_stream_(call_->head().Find("triton_grpc_error") == "true") {
  if (context_.tracer.is_on()) waiting_since_ns_ = SteadyNanoseconds();
  // Some clients give their program the stream only when the head of the answer is there, and it may have nothing to ask
  // before.
  call_->SendMetadata({});
}

StreamInfer::~StreamInfer() = default;

ReadTimes StreamInfer::TakeReadTimes() {
  const uint64_t now = context_.tracer.is_on() ? SteadyNanoseconds() : 0;
  const uint64_t since = std::exchange(waiting_since_ns_, now);
  return {.start_ns = since != 0 ? since : now, .end_ns = now};
}

void StreamInfer::OnMessage(BufferRef message) {
  const ReadTimes read = TakeReadTimes();
  if (HasTooMuch()) return Break({net::GrpcCode::kResourceExhausted, MemoryBudget::OfProcess().RefusalText()});
  const auto run = MakeShared<Run>(shared_from_this());
  if (!run->Parse(std::move(message))) return Break(UnreadableRequest());
  {
    MutexLock lock(mutex_);
    if (is_over_) return;
    ++open_;
    running_.insert(run.get());
  }
  // An exception must not leave the request among the running ones.
  const Status status = CatchExceptions([&]() -> Status {
    if (is_draining_.load(std::memory_order_relaxed)) return Unavailable("{}", kShuttingDown);
    if (caller_ != nullptr) RETURN_IF_ERROR(Admit(*run));
    RETURN_IF_ERROR(MemoryBudget::OfProcess().Admit());
    if (lookups_.fetch_add(1) > 0) return WaitForLookup(run, read);
    LookUp(run, read);
    return {};
  });
  if (!status.ok()) Begin(*run, status, read);
}

// A request that is refused has an answer, too, and behind a slow one it has to wait.
bool StreamInfer::HasTooMuch() {
  if (!MemoryBudget::OfProcess().IsExhausted()) return false;
  MutexLock lock(mutex_);
  return turns_.size() > kMostTurnsWithoutMemory;
}

Status StreamInfer::Admit(Run& run) {
  AccessTicketRef ticket;
  const AccessRefusalRef refusal = caller_->BeginMessage(run.model_name(), ticket);
  run.Keep(std::move(ticket));
  if (!refusal) return {};
  if (refusal->kind == AccessRefusal::Kind::kBadKey) Break(ToGrpcStatus(*refusal));
  return Unavailable("{}", refusal->text);
}

// What has gone wrong is the run's answer.
void StreamInfer::LookUp(const std::shared_ptr<Run>& run, const ReadTimes& read) {
  const Status status = CatchExceptions([&]() -> Status {
    run->FindModel([run, read](const Status& found) { run->Begin(found, read); });
    return {};
  });
  if (!status.ok()) run->Begin(status, read);
}

Status StreamInfer::WaitForLookup(const std::shared_ptr<Run>& run, const ReadTimes& read) {
  std::unique_ptr<Lookup> next;
  {
    MutexLock lock(mutex_);
    waiting_.push_back(std::make_unique<Lookup>(shared_from_this(), run, read));
    if (!std::exchange(is_next_due_, false)) return {};
    next = std::move(waiting_.front());
    waiting_.pop_front();
  }
  RunInTurn(next.release());
  return {};
}

void StreamInfer::EndLookup() {
  if (lookups_.fetch_sub(1) == 1) return;
  std::unique_ptr<Lookup> next;
  {
    MutexLock lock(mutex_);
    // It has been counted, and comes in a moment.
    if (waiting_.empty()) is_next_due_ = true;
    if (is_next_due_) return;
    next = std::move(waiting_.front());
    waiting_.pop_front();
  }
  RunInTurn(next.release());
}

void StreamInfer::Begin(Run& run, Status status, const ReadTimes& read) {
  if (!run.is_decoupled()) {
    MutexLock lock(mutex_);
    run.TakeTurn(turns_.emplace_back(MakeShared<Turn>()));
  }
  if (status.ok()) status = CatchExceptions([&] { return Submit(run, read); });
  if (status.ok()) return;
  status = CatchExceptions([&] { return Refuse(run, status); });
  if (!status.ok()) return Break(ToGrpcStatus(status));
  Retire(&run);
}

Status StreamInfer::Submit(Run& run, const ReadTimes& read) {
  RETURN_IF_ERROR(run.Fill());
  RETURN_IF_ERROR(metadata_parameters_.status());
  run.AddParameters(*metadata_parameters_);
  return run.Submit(call_->head(), read);
}

Status StreamInfer::Refuse(Run& run, const Status& error) {
  run.NoteFailure(error);
  run.EndUse();
  run.LeavePlace();
  run.Deliver(EncodeStreamNotice(
      {.error = error.message(), .id = run.id(), .model_name = {}, .model_version = {}, .is_final = {}}));
  return {};
}

void StreamInfer::OnEnd() { Retire(nullptr); }

void StreamInfer::OnCancel() { Break({net::GrpcCode::kCancelled, ""}); }

// One thread at a time sends what has its turn; others leave their answers to it.
void StreamInfer::Answer(const std::shared_ptr<Turn>& turn, net::GrpcMessage message) {
  MutexLock lock(mutex_);
  if (turns_.empty() || turns_.front() != turn) turn->charge = MemoryCharge(kWaitingBytes + message.head.size());
  turn->answer = std::move(message);
  if (is_sending_turns_) return;
  is_sending_turns_ = true;
  while (!turns_.empty() && turns_.front()->answer) {
    const std::shared_ptr<Turn> next = std::move(turns_.front());
    turns_.pop_front();
    lock.Unlock();
    Send(*std::move(next->answer));
    lock.Lock();
  }
  is_sending_turns_ = false;
  const bool is_last = TakeEnd();
  lock.Unlock();
  EndAfterAnswer(is_last);
}

void StreamInfer::Retire(Run* run) {
  MutexLock lock(mutex_);
  running_.erase(run);
  --open_;
  const bool is_last = TakeEnd();
  lock.Unlock();
  EndAfterAnswer(is_last);
}

void StreamInfer::EndAfterAnswer(bool is_last) {
  if (is_last) {
    call_->Finish({});
  } else if (streams_.is_ending()) {
    EndIfIdle();
  }
}

void StreamInfer::EndIfIdle() {
  {
    MutexLock lock(mutex_);
    if (is_over_ || !running_.empty() || !turns_.empty() || is_sending_turns_) return;
    is_over_ = true;
  }
  call_->Finish({net::GrpcCode::kUnavailable, kShuttingDown});
}

// Whether everything has been answered and nobody has ended the stream: the caller does.
bool StreamInfer::TakeEnd() {
  if (open_ != 0 || !turns_.empty() || is_sending_turns_ || is_over_) return false;
  is_over_ = true;
  return true;
}

void StreamInfer::Break(net::GrpcStatus status) {
  std::vector<std::shared_ptr<RunningRequest>> running;
  std::deque<std::shared_ptr<Turn>> dropped;
  {
    MutexLock lock(mutex_);
    if (is_over_) return;
    is_over_ = true;
    dropped.swap(turns_);
    for (Run* run : running_) running.push_back(run->shared_from_this());
  }
  call_->Finish(std::move(status));
  for (const auto& run : running) run->Cancel();
}

bool StreamInfer::Send(net::GrpcMessage message) {
  {
    MutexLock lock(mutex_);
    if (is_over_) return false;
  }
  try {
    return call_->Send(std::move(message));
  } catch (...) {
    Break(ToGrpcStatus(StatusOfException()));  // what comes after it would be out of order
    return false;
  }
}

}  // namespace neso
