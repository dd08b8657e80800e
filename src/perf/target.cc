#include "perf/target.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include "perf/interrupt.h"
#include "perf/openai/payload.h"

namespace neso::perf {
namespace {

constexpr uint64_t kUsualSequenceLength = 20;

std::unique_ptr<RequestPlan> MakeSessionPlan(const std::vector<Stream>& sessions) {
  std::vector<std::vector<Nanoseconds>> pauses;
  for (const Stream& session : sessions) {
    std::vector<Nanoseconds>& own = pauses.emplace_back();
    for (const TensorSet& step : session) own.push_back(step.pause);
  }
  return std::make_unique<SessionPlan>(std::move(pauses));
}

std::unique_ptr<RequestPlan> MakePlan(const ModelFacts& facts, const Options& options,
                                      const std::vector<Stream>& streams, size_t requests) {
  if (options.load == LoadKind::kSessions) return MakeSessionPlan(streams);
  if (!facts.has_sequences) return std::make_unique<RoundRobin>(requests);
  SequenceSettings settings = options.sequences;
  if (settings.length == 0 && options.input_files.empty()) settings.length = kUsualSequenceLength;
  std::vector<size_t> steps;
  for (const Stream& stream : streams) steps.push_back(stream.size());
  return std::make_unique<SequencePlan>(std::move(steps), settings);
}

// The steps of `streams`, a stream for each session, in the order in which they begin. Error: kInvalidArg when there are
// fewer than are to run at a time.
Expected<std::vector<Stream>> BySession(const std::vector<Stream>& streams, const Options& options) {
  std::vector<Stream> sessions;
  std::map<std::string_view, size_t> known;
  for (const Stream& stream : streams) {
    for (const TensorSet& step : stream) {
      const auto [place, is_new] = known.try_emplace(step.session, sessions.size());
      if (is_new) sessions.emplace_back();
      sessions[place->second].push_back(step);
    }
  }
  if (static_cast<double>(sessions.size()) < options.range.start)
    return InvalidArg("--session-concurrency {:g}: the input data has {} sessions (values of \"session_id\")",
                      options.range.start, sessions.size());
  return sessions;
}

// What the first answer, or the lack of it, says of an address that is for something else.
Status WithAdvice(const Status& why, Protocol protocol) {
  const auto says = [&why](const char* words) { return why.message().find(words) != std::string::npos; };
  const char* advice = "";
  if (protocol == Protocol::kHttp && says("closed the connection"))
    advice = "\nif it speaks gRPC there: -i grpc; if it speaks TLS: https:// before the address";
  if (protocol == Protocol::kGrpc && says("answers with HTTP status"))
    advice = "\ngRPC has a port of its own, 8001 unless it was changed";
  return {why.code(), why.message() + advice};
}

}  // namespace

struct Target::Parts {
  std::unique_ptr<Transport> transport;
  ModelFacts facts;
  std::vector<TensorSet> requests;
  std::unique_ptr<SharedRegions> regions;
  std::vector<InferBytes> bytes;
  std::unique_ptr<RequestPlan> plan;
};

Expected<std::unique_ptr<Target>> Target::Open(const Options& options, const std::string& url,
                                               const InputMaker& make_input) {
  Parts parts;
  ASSIGN_OR_RETURN(parts.transport, MakeTransport(options, url));
  Expected<ModelFacts> facts = AskModel(*parts.transport, options);
  if (!facts) return WithAdvice(facts.error(), options.protocol);
  parts.facts = *std::move(facts);
  InterruptWatch::Defer();  // what follows is to be ended well
  if (parts.facts.has_sequences && options.load == LoadKind::kSchedule)
    return InvalidArg("--fixed-schedule sends requests one by one: model '{}' takes sequences", options.model);
  ASSIGN_OR_RETURN(std::vector<Stream> streams, make_input(parts.facts, options));
  if (options.load == LoadKind::kSessions) {
    ASSIGN_OR_RETURN(streams, BySession(streams, options));
  }
  ASSIGN_OR_RETURN(parts.requests, BatchRequests(streams, parts.facts, options));
  if (options.service == ServiceKind::kOpenAi)
    parts.facts.is_decoupled |= std::ranges::any_of(parts.requests, AsksForEvents);
  if (!options.trace.empty()) RETURN_IF_ERROR(parts.transport->SetTrace(options.trace));
  if (options.shared_memory != SharedMemory::kNone) {
    ASSIGN_OR_RETURN(parts.regions, SharedRegions::Make(parts.requests, parts.facts, options, *parts.transport));
  }
  for (const TensorSet& request : parts.requests) {
    ASSIGN_OR_RETURN(parts.bytes.emplace_back(), parts.transport->Encode(request, parts.facts));
  }
  parts.plan = MakePlan(parts.facts, options, streams, parts.requests.size());
  return std::unique_ptr<Target>(new Target(options, std::move(parts)));
}

Target::Target(const Options& options, Parts parts)
    : options_(options),
      requests_(std::move(parts.requests)),
      transport_(std::move(parts.transport)),
      facts_(std::move(parts.facts)),
      regions_(std::move(parts.regions)),
      bytes_(std::move(parts.bytes)),
      plan_(std::move(parts.plan)),
      answers_(requests_, !options.export_file.empty()),
      load_(*transport_, bytes_, *plan_, LooksAtAnswers() ? &answers_ : nullptr) {}

bool Target::LooksAtAnswers() const {
  if (options_.shared_memory != SharedMemory::kNone) return false;  // what they bring is elsewhere
  return !options_.export_file.empty() ||
         std::ranges::any_of(requests_, [](const TensorSet& request) { return !request.expected.empty(); });
}

Status Target::Begin(double load) {
  RETURN_IF_ERROR(load_.Stop());
  if (options_.warmup_requests > 0) {
    load_.LimitTo(options_.warmup_requests);
    RETURN_IF_ERROR(Send(load));
    RETURN_IF_ERROR(RunUntil(load_, options_.warmup_requests));
    RETURN_IF_ERROR(load_.Stop());
  }
  if (options_.request_count > 0) load_.LimitTo(options_.request_count);
  if (options_.request_count > 0 && facts_.has_statistics) {
    ASSIGN_OR_RETURN(before_, AskCounts(*transport_, options_, facts_));
  }
  return Send(load);
}

Counter Target::counter() {
  return facts_.has_statistics ? Counter([this] { return Counts(); }) : nullptr;
}

Expected<ServerCounts> Target::Counts() {
  if (before_) return *std::exchange(before_, std::nullopt);
  return AskCounts(*transport_, options_, facts_);
}

Status Target::Send(double load) {
  if (IsByTime(options_.load) && facts_.has_sequences) RETURN_IF_ERROR(load_.OpenLanes(options_.sequences.at_a_time));
  switch (options_.load) {
    case LoadKind::kConcurrency:
    case LoadKind::kSessions: return load_.KeepInFlight(static_cast<size_t>(load));
    case LoadKind::kPeriodicConcurrency: return load_.Grow(options_.growth);
    case LoadKind::kRequestRate: load_.SendAt(SendTimes::AtRate(load, options_.distribution)); break;
    case LoadKind::kIntervals: load_.SendAt(SendTimes::AtIntervals(options_.intervals)); break;
    case LoadKind::kSchedule: load_.SendAt(SendTimes::AtOffsets(Schedule())); break;
  }
  return {};
}

std::string Target::InputsJson(size_t request) const {
  const std::string* const body = transport_->SentBody(request);
  if (body == nullptr) return TensorsJson(requests_[request].inputs);
  Tensor payload = requests_[request].inputs.front();
  payload.bytes = *body;
  return TensorsJson({&payload, 1});
}

std::vector<Nanoseconds> Target::Schedule() const {
  std::vector<Nanoseconds> times;
  for (const TensorSet& request : requests_) {
    if (request.send_at) times.push_back(*request.send_at);
  }
  return times;
}

}  // namespace neso::perf
