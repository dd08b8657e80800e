#include "worker.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <exception>
#include <new>

#include "message.h"
#include "model_calls.h"
#include "neso/backend/log.h"
#include "worker_reply.h"

namespace neso::python {

using backend::Execution;
using backend::Request;
using backend::Response;
using backend::Status;

namespace {

constexpr uint64_t kLargestBody = uint64_t{1} << 30;
constexpr std::chrono::milliseconds kIsReadyLimit{5000};
constexpr std::chrono::milliseconds kExitLimit{2000};
// At it a worker writes to standard error where each of its threads is, and ends.
constexpr int kTellAndEnd = SIGVTALRM;
constexpr std::chrono::milliseconds kTellLimit{500};
// With which a worker ends that cannot even begin (main.py).
constexpr int kLacksNumPy = 72;

std::shared_ptr<WorkerMemory> MakeMemory(std::unique_ptr<Segment> segment) {
  auto memory = std::make_shared<WorkerMemory>();
  memory->segment = std::move(segment);
  memory->slab = std::make_unique<Slab>(*memory->segment);
  memory->channel = std::make_unique<Channel>(*memory->segment);
  return memory;
}

std::string HowItEnded(Watched::End end) {
  if (end.signal != 0) return backend::Concat("was ended by signal ", end.signal);
  return backend::Concat("ended with status ", end.status);
}

std::string_view Text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

Status NotHealthy(const std::string& instance) {
  return Status::Internal("Stub process '", instance, "' is not healthy.");
}

backend::Result<std::shared_ptr<Worker>> Worker::Start(const Interpreter& interpreter, WorkerPlace place,
                                                       std::function<void()> on_exit) {
  NESO_ASSIGN_OR_RETURN(std::unique_ptr<Segment> segment, Segment::Create(place.limits.memory_byte_size));
  int sockets[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0) {
    return Status::Internal("cannot make a socket for a Python worker: ", std::strerror(errno));
  }
  const Watcher::Program program = interpreter.Command(place.name, segment->region_size(), {sockets[1], segment->fd()});
  backend::Result<int> pid = Watcher::Get().Spawn(program);
  close(sockets[1]);
  segment->CloseFd();
  const auto worker = std::make_shared<Worker>(std::move(place), std::move(segment), sockets[0], std::move(on_exit));
  if (!pid) return pid.TakeStatus();
  worker->pid_ = *pid;
  NESO_RETURN_IF_ERROR(Watcher::Get().Watch(*pid, sockets[0], worker));
  return worker;
}

Worker::Worker(WorkerPlace place, std::unique_ptr<Segment> segment, int socket, std::function<void()> on_exit)
    : place_(std::move(place)),
      memory_(MakeMemory(std::move(segment))),
      socket_(socket),
      on_exit_(std::move(on_exit)),
      open_(place_.instance, memory_),
      calls_(place_.server, memory_) {}

Worker::~Worker() { close(socket_); }

Status Worker::Initialize(const std::string& arguments) {
  NESO_ASSIGN_OR_RETURN(const Outcome outcome, Ask(Kind::kInitialize, arguments));
  has_is_ready_ = (outcome.flags & kHasIsReady) != 0;
  return {};
}

backend::Result<std::string> Worker::AutoComplete(const std::string& arguments) {
  NESO_ASSIGN_OR_RETURN(const Outcome outcome, Ask(Kind::kAutoComplete, arguments));
  return std::string(Text(outcome.body));
}

backend::Result<Worker::Outcome> Worker::Ask(Kind kind, const std::string& arguments) {
  const std::optional<uint64_t> block = memory_->slab->Allocate(arguments.size());
  if (!block) return Status::Internal("a configuration of ", arguments.size(), " bytes is too large for a worker");
  std::memcpy(memory_->segment->At(*block), arguments.data(), arguments.size());
  std::optional<Outcome> outcome;
  {
    Channel::Reader reader(*memory_->channel);
    memory_->channel->PushWork({static_cast<uint32_t>(kind), 0, 0, *block, arguments.size()});
    outcome = Await(reader);
    if (outcome) reader.Done();
  }
  Drain();
  if (!outcome) return WhyGone();
  memory_->slab->Release(*block);
  if (outcome->kind != Kind::kDone) return Status::Internal(Text(outcome->body));
  return std::move(*outcome);
}

void Worker::Execute(Execution& execution) {
  const std::span<Request> requests = execution.requests();
  const uint64_t first_id = next_request_;
  next_request_ += requests.size();
  backend::Result<EncodedBatch> batch = encoder_.Encode(requests, first_id, *memory_->segment, *memory_->slab);
  if (!batch) {
    return execution.Fail(
        Status(batch.status().code(), backend::Concat("Failed to process the request(s) for model instance '",
                                                      place_.name, "', message: ", batch.status().message())));
  }
  const auto now = std::chrono::steady_clock::now();
  open_.BeginBatch(requests, first_id, now);
  WatchTime(now);
  if (place_.decoupled) {
    for (size_t i = 0; i < requests.size(); ++i) {
      NESO_LOG_IF_ERROR(open_.Keep(first_id + i), "cannot keep a decoupled request");
    }
  }
  execution.ComputeStart();
  {
    Channel::Reader reader(*memory_->channel);
    memory_->channel->PushWork({static_cast<uint32_t>(Kind::kExecute), 0, first_id, batch->offset, batch->length});
    const std::optional<Outcome> outcome = Await(reader);
    execution.ComputeEnd();
    if (outcome) {
      const bool is_released = (outcome->flags & kBlockReleased) != 0;
      Sendable sendable{.memory = memory_};
      if (is_released) sendable.block = batch->offset, sendable.length = batch->length;
      AnswerBatch(execution, first_id, *outcome, sendable);
      if (is_released) memory_->slab->Release(batch->offset);
      reader.Done();
    } else {
      const Status error = WhyGone();
      open_.Fail(error);
      execution.Fail(error);
    }
    open_.EndBatch();
  }
  Drain();
}

void Worker::AnswerBatch(Execution& execution, uint64_t first_id, const Outcome& outcome, const Sendable& sendable) {
  if (outcome.kind != Kind::kExecuted) {
    const Status error = Status::Internal("Failed to process the request(s) for model '", place_.name,
                                          "', message: ", Text(outcome.body));
    for (size_t i = 0; i < execution.requests().size(); ++i) open_.FailOne(first_id + i, error);
    return execution.Fail(error);
  }
  MessageReader reader(outcome.body);
  const auto count = reader.Get<uint32_t>();
  WorkerResponse response;
  for (size_t i = 0; i < execution.requests().size(); ++i) {
    Request& request = execution.requests()[i];
    if (i >= count || !ReadResponse(reader, *memory_->segment, response)) {
      Condemn("a batch's answer is not one");
      return execution.Fail(NotHealthy(place_.name));
    }
    Status answered = AnswerOne(request, first_id + i, response, sendable);
    if (!answered.ok()) request.Fail(answered);
  }
}

Status Worker::AnswerOne(Request& request, uint64_t id, WorkerResponse& response, const Sendable& sendable) {
  switch (response.kind) {
    case ResponseKind::kLater: return open_.Keep(id);
    case ResponseKind::kRescheduled: return open_.Reschedule(id);
    case ResponseKind::kNone:
      if (request.answered()) return {};
      return Status::Internal("Failed to process the request(s) for model '", place_.name,
                              "', message: the model gave None for a request and took no response sender for it");
    default: break;
  }
  if (request.answered()) return Status::Internal("a request was answered twice");
  NESO_ASSIGN_OR_RETURN(Response made, Response::New(request));
  return SendResponse(std::move(made), response, sendable, /*final=*/true);
}

std::optional<Worker::Outcome> Worker::Await(Channel::Reader& reader, std::chrono::milliseconds limit) {
  using Milliseconds = std::chrono::milliseconds;
  const bool is_limited = limit != Milliseconds::max();
  const auto begin = is_limited ? std::chrono::steady_clock::now() : std::chrono::steady_clock::time_point();
  const auto left = [&] {
    if (!is_limited) return limit;
    const auto passed = std::chrono::floor<Milliseconds>(std::chrono::steady_clock::now() - begin);
    return std::max(limit - passed, Milliseconds(0));
  };
  NesoSlot slot;
  Channel::Reader::Found found{};
  while ((found = reader.Next(slot, left())) == Channel::Reader::Found::kMessage) {
    const Kind kind = static_cast<Kind>(slot.kind);
    if (kind == Kind::kDone || kind == Kind::kExecuted || kind == Kind::kFailed) {
      std::optional<std::vector<std::byte>> body = Body(slot);
      if (!body) break;
      // It is done when the caller has read its tensors.
      return Outcome{.kind = kind, .flags = slot.flags, .body = std::move(*body)};
    }
    if (!Handle(slot)) break;
    reader.Done();
  }
  if (found == Channel::Reader::Found::kMessage || found == Channel::Reader::Found::kSpoiled) {
    Condemn("a message is not one");
  }
  return std::nullopt;
}

void Worker::Drain() {
  if (!memory_->channel->Drain([this](const NesoSlot& slot) { return Handle(slot); })) Condemn("a message is not one");
}

std::optional<std::vector<std::byte>> Worker::Body(const NesoSlot& slot) const {
  const std::byte* const from = memory_->segment->Find(slot.offset, slot.length);
  if (from == nullptr || slot.length > kLargestBody) return std::nullopt;
  try {
    return std::vector<std::byte>(from, from + slot.length);
  } catch (const std::bad_alloc&) {
    NESO_LOG_ERROR("no memory for a message of ", slot.length, " bytes from Python worker '", place_.name, "'");
    return std::nullopt;
  }
}

bool Worker::Handle(const NesoSlot& slot) {
  try {
    return HandleKind(slot);
  } catch (const std::exception& exception) {  // nobody else is between this and the end of the watcher's thread
    NESO_LOG_ERROR("a message from Python worker '", place_.name, "' cannot be handled: ", exception.what());
    return false;
  }
}

bool Worker::HandleKind(const NesoSlot& slot) {
  switch (static_cast<Kind>(slot.kind)) {
    case Kind::kSend: return HandleSend(slot);
    case Kind::kClose: open_.Close(slot.id); return true;
    case Kind::kRelease: return memory_->slab->Release(slot.offset);
    case Kind::kLog: return HandleLog(slot);
    case Kind::kCall: return HandleCall(slot);
    case Kind::kPull: memory_->channel->OnPull(); return true;
    case Kind::kIsReady: return HandleIsReady(slot);
    default: return false;
  }
}

bool Worker::HandleSend(const NesoSlot& slot) {
  const bool final = (slot.flags & kFinal) != 0;
  if ((slot.flags & kNoResponse) != 0) {
    NESO_LOG_IF_ERROR(open_.Send(slot.id, nullptr, final), place_.name, ": cannot end an answer");
    return true;
  }
  const std::optional<std::vector<std::byte>> body = Body(slot);
  if (!body) return false;
  MessageReader reader(*body);
  WorkerResponse response;
  if (!ReadResponse(reader, *memory_->segment, response)) return false;
  NESO_LOG_IF_ERROR(open_.Send(slot.id, &response, final), place_.name, ": cannot send a response");
  return true;
}

bool Worker::HandleLog(const NesoSlot& slot) {
  const std::optional<std::vector<std::byte>> body = Body(slot);
  if (!body || slot.flags > TRITONSERVER_LOG_VERBOSE) return false;
  MessageReader reader(*body);
  const auto line = reader.Get<uint32_t>();
  const std::string file(reader.GetText(reader.Get<uint32_t>()));
  const std::string text(reader.Rest());
  if (!reader.ok()) return false;
  (void)Status(TRITONSERVER_LogMessage(static_cast<TRITONSERVER_LogLevel>(slot.flags), file.c_str(),
                                       static_cast<int>(line), text.c_str()));
  return true;
}

bool Worker::HandleCall(const NesoSlot& slot) {
  const Call call = static_cast<Call>(slot.flags);
  if (call == Call::kIsCancelled) {
    ReplyWithText(*memory_, slot.id, open_.IsCancelled(slot.offset) ? kYes : 0, "");
    return true;
  }
  if (call == Call::kCancelInfer) {
    calls_.Cancel(slot.offset);
    return true;
  }
  const std::optional<std::vector<std::byte>> body = Body(slot);
  if (!body) return false;
  switch (call) {
    case Call::kInfer: return calls_.Start(slot.id, *body, [this](uint64_t id) { return open_.Trace(id); });
    case Call::kLoadModel:
    case Call::kUnloadModel:
    case Call::kModelReady: return StartModelCall(place_.server, memory_, call, slot.id, *body);
    case Call::kMetric: {
      backend::Result<std::string> value = metrics_.Run(Text(*body));
      if (slot.id == 0) {  // told, not asked
      } else if (value) {
        ReplyWithText(*memory_, slot.id, 0, *value);
      } else {
        ReplyWithStatus(*memory_, slot.id, value.status());
      }
      return true;
    }
    default: return false;
  }
}

bool Worker::HandleIsReady(const NesoSlot& slot) {
  if (slot.flags > static_cast<uint32_t>(IsReadyAnswer::kRaised)) return false;
  const std::lock_guard lock(ready_mutex_);
  ready_answered_ = slot.id;
  ready_answer_ = static_cast<IsReadyAnswer>(slot.flags);
  ready_changed_.notify_all();
  return true;
}

Status Worker::CheckReady() {
  if (gone()) return NotHealthy(place_.name);
  return has_is_ready_ ? AskIsReady() : Status();
}

Status Worker::AskIsReady() {
  std::unique_lock lock(ready_mutex_);
  if (!ready_asked_) {
    ready_asked_ = true;
    ++ready_question_;
    (void)!send(socket_, &ready_question_, sizeof(ready_question_), MSG_DONTWAIT | MSG_NOSIGNAL);
  }
  const uint64_t question = ready_question_;
  const bool answered =
      ready_changed_.wait_for(lock, kIsReadyLimit, [&] { return ready_answered_ >= question || gone(); });
  ready_asked_ = false;
  if (gone()) return NotHealthy(place_.name);
  if (!answered) {
    return Status::Unavailable("Model '", place_.model, "' is not ready (is_ready() took longer than ",
                               kIsReadyLimit.count(), " ms).");
  }
  switch (ready_answer_) {
    case IsReadyAnswer::kYes: return {};
    case IsReadyAnswer::kNo:
      return Status::Unavailable("Model '", place_.model, "' is not ready (user-defined check failed).");
    case IsReadyAnswer::kNotBool: return Status::Internal("is_ready() must return a boolean value");
    default: return Status::Internal("Model '", place_.model, "' is not ready: is_ready() raised an exception.");
  }
}

void Worker::Finalize() {
  const std::chrono::milliseconds limit = place_.limits.finalize;
  Channel::Reader reader(*memory_->channel);
  if (memory_->channel->PushWork({static_cast<uint32_t>(Kind::kFinalize), 0, 0, 0, 0})) {
    if (Await(reader, limit.count() != 0 ? limit : std::chrono::milliseconds::max())) {
      reader.Done();
      (void)Await(reader, kExitLimit);  // it ends by itself
    } else if (!gone()) {
      NESO_LOG_WARNING("model '", place_.model, "' version ", place_.version, ": 'finalize' took longer than ",
                       limit.count(), " ms, which is its limit (FINALIZE_TIMEOUT_SECONDS); the process of '",
                       place_.name, "' is ended; where it was stands in the server's standard error");
      Signal(kTellAndEnd, Whom::kProcess);
      (void)Await(reader, kTellLimit);
    }
  }
  // Nothing of the model and its instance is used from here on.
  memory_->channel->Spoil();
  Kill();
  open_.Fail(Status::Unavailable("model '", place_.model, "' was unloaded before it ended its answer"));
  calls_.CancelAll();
  metrics_.Clear();
}

void Worker::Kill() { Signal(SIGKILL, Whom::kGroup); }

void Worker::Signal(int signal, Whom whom) {
  const std::lock_guard lock(kill_mutex_);
  if (!reaped_ && pid_ > 0) kill(whom == Whom::kGroup ? -pid_ : pid_, signal);
}

void Worker::Condemn(std::string_view why) {
  NESO_LOG_ERROR("Python worker '", place_.name, "' is ended: ", why);
  memory_->channel->Spoil();
  Kill();
}

Status Worker::WhyGone() const {
  if (lacks_numpy_) {
    return Status::Internal(NotHealthy(place_.name).message(),
                            " Python models need NumPy, which its Python has not; standard error has the details");
  }
  if (!is_overdue_) return NotHealthy(place_.name);
  return Status::Internal("model '", place_.model, "' version ", place_.version, ": 'execute' took longer than ",
                          place_.limits.execute.count(),
                          " ms, which is its limit (EXECUTE_TIMEOUT_SECONDS); the process of '", place_.name,
                          "' was ended");
}

void Worker::WatchTime(std::chrono::steady_clock::time_point since) {
  if (place_.limits.execute.count() == 0 || time_is_watched_.exchange(true)) return;
  Watcher::Get().WakeAt(since + place_.limits.execute, weak_from_this());
}

void Worker::OnTime() {
  if (gone()) return;
  if (is_overdue_) return Kill();  // it has had its time to tell
  time_is_watched_ = false;        // before looking: what begins now is either seen here or watched by its own thread
  const auto since = open_.WaitingSince();
  if (!since) return;
  const auto now = std::chrono::steady_clock::now();
  if (now < *since + place_.limits.execute) return WatchTime(*since);
  is_overdue_ = true;
  NESO_LOG_ERROR(WhyGone().message(), "; where it was stands in the server's standard error");
  Signal(kTellAndEnd, Whom::kProcess);
  Watcher::Get().WakeAt(now + kTellLimit, weak_from_this());
}

void Worker::OnBell() { Drain(); }

void Worker::OnExit(End end) {
  Kill();  // what the model has forked; nobody else has the number yet
  {
    const std::lock_guard lock(kill_mutex_);
    reaped_ = true;
  }
  lacks_numpy_ = end.status == kLacksNumPy;
  memory_->channel->Close();
  {
    const std::lock_guard lock(ready_mutex_);
    ready_changed_.notify_all();
  }
  Drain();
  {
    Channel::Reader reader(*memory_->channel);  // whoever waited has seen the end, too
    open_.Fail(WhyGone());
  }
  calls_.CancelAll();
  NESO_LOG_VERBOSE("Python worker '", place_.name, "' (process ", pid_, ") ", HowItEnded(end));
  if (on_exit_) on_exit_();
}

}  // namespace neso::python
