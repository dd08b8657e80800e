// A model of a server that is measured, and what is sent to it.
//
//   ASSIGN_OR_RETURN(const auto target, Target::Open(options, options.url));
//   RETURN_IF_ERROR(target->Begin(16));       // 16 at a time, or a second
//   ... target->load() runs, target->counter()() ...
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "perf/input_data.h"
#include "perf/load.h"
#include "perf/measure.h"
#include "perf/model_facts.h"
#include "perf/server_counts.h"
#include "perf/shared_regions.h"

namespace neso::perf {

// Confined to a thread.
class Target {
 public:
  // What requests bring, once it is known what the model takes.
  using InputMaker = std::function<Expected<std::vector<Stream>>(const ModelFacts& facts, const Options& options)>;

  // `options` outlive it. When the server has answered interrupts are deferred. Precondition: an InterruptWatch lives.
  // Errors: the server's own text; kInvalidArg for input data that the model does not take.
  static Expected<std::unique_ptr<Target>> Open(const Options& options, const std::string& url,
                                                const InputMaker& make_input = MakeInputData);
  Target(const Target&) = delete;
  Target& operator=(const Target&) = delete;

  // In place of what was under way: so many requests at a time, or a second. Those of --warmup-request-count go first.
  Status Begin(double load);
  Status End() { return load_.Stop(); }

  Load& load() { return load_; }
  // Of what the server counts; null: nothing. For --request-count, the first counts since Begin are from before the first
  // request: all of them count.
  Counter counter();
  const ModelFacts& facts() const { return facts_; }
  const std::vector<TensorSet>& requests() const { return requests_; }
  // TensorsJson of what a request brought, when it has been sent.
  std::string InputsJson(size_t request) const;
  const Answers& answers() const { return answers_; }
  // When the requests are sent, after the beginning; empty unless the input data says.
  std::vector<Nanoseconds> Schedule() const;

 private:
  struct Parts;
  Target(const Options& options, Parts parts);
  Status Send(double load);
  Expected<ServerCounts> Counts();
  bool LooksAtAnswers() const;

  const Options& options_;
  const std::vector<TensorSet> requests_;  // a server within this process reads them until the transport's end
  const std::unique_ptr<Transport> transport_;
  const ModelFacts facts_;
  const std::unique_ptr<SharedRegions> regions_;  // null: tensors go with the messages
  const std::vector<InferBytes> bytes_;
  const std::unique_ptr<RequestPlan> plan_;
  Answers answers_;
  Load load_;
  std::optional<ServerCounts> before_;  // the first request
};

}  // namespace neso::perf
