// What differs between the ways to a model that is measured, which are protocols or none: how it is asked about, how a
// request looks, and what carries it.
//
//   ASSIGN_OR_RETURN(const auto transport, MakeTransport(options, options.url));
//   ASSIGN_OR_RETURN(const InferBytes bytes, transport->Encode(request, facts));
//   ASSIGN_OR_RETURN(const std::unique_ptr<Lane> lane, transport->OpenLane(listener));
//   lane->Send(bytes, turn);          // listener.OnAnswer follows from transport->RunOnce
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "client/patience.h"
#include "perf/model_facts.h"
#include "perf/options.h"
#include "perf/request_plan.h"
#include "perf/tensor.h"

namespace neso::perf {

// A request as it is sent, made once for all the times that it is.
struct InferBytes {
  std::string head;                     // HTTP's, and the JSON that tells of the tensors
  std::string body;                     // tensors in binary, or the whole of gRPC's message
  std::optional<size_t> marks_at = {};  // in `head`: where a request of a sequence says so
  const TensorSet* tensors = nullptr;   // over no wire: in place of all of that
  bool is_decoupled = false;            // any number of answers come, the last one says so
};

// An answer, while it is looked at.
class Answer {
 public:
  // Error: kInvalidArg with what was expected in its place.
  virtual Expected<std::vector<Tensor>> Outputs() const = 0;

 protected:
  ~Answer() = default;
};

// Carries one request at a time. Confined to its transport's thread.
class Lane {
 public:
  class Listener {
   public:
    // One of the answers to a request, in their order.
    virtual void OnAnswer(const Answer& answer) = 0;
    // There are no more, and the lane may be used again, here too.
    virtual void OnEnd() = 0;
    // The request has failed: with what the server says, or why nothing comes.
    virtual void OnFailure(const Status& reason) = 0;

   protected:
    ~Listener() = default;
  };

  virtual ~Lane() = default;
  // Precondition: no answer is awaited. `bytes` outlive the answers.
  virtual void Send(const InferBytes& bytes, const Turn& turn) = 0;
};

// Memory of this machine, or of a GPU, under the name that requests have for it.
struct SharedRegion {
  std::string name;
  uint64_t bytes = 0;
  std::string key = {};          // of a shared-memory object; empty: it is a GPU's
  std::string cuda_handle = {};  // CUDA's bytes for other processes
  int64_t device = 0;
};

enum class Question { kMetadata, kConfig, kStatistics };

// As long a server's answer may be, over gRPC by itself.
inline constexpr size_t kMostAnswerBytes = INT32_MAX;
// How long an answer is waited for that is not measured.
inline constexpr std::chrono::seconds kUsualPatience{20};
// It ends soon after an interrupt.
client::Patience UsualPatience();
// A load may read large files, and an unload waits for requests.
inline constexpr std::chrono::seconds kLoadPatience{120};

// Confined to a thread.
class Transport {
 public:
  virtual ~Transport() = default;

  // `request` outlives the transport. Error: kInvalidArg for what cannot be sent.
  virtual Expected<InferBytes> Encode(const TensorSet& request, const ModelFacts& facts) const = 0;
  // `listener` outlives the lane, which does not outlive the transport.
  // Error: kUnavailable when there is no connection to be had.
  virtual Expected<std::unique_ptr<Lane>> OpenLane(Lane::Listener& listener) = 0;
  // Hands on what has come, after waiting for it until `until` at most.
  virtual void RunOnce(TimePoint until) = 0;

  // The body of a request as it was sent, where that is known by then only; null: it is as it was encoded.
  virtual const std::string* SentBody(size_t /*request*/) const { return nullptr; }

  // What not every kind of service has. Errors: the server's own text; kUnavailable when it cannot be asked; kUnsupported,
  // which is what these here say.

  // JSON as HTTP's endpoint for that has it. An empty version: what the server takes for it.
  virtual Expected<std::string> Ask(Question question, const std::string& model, const std::string& version);
  // Changes what the server traces, of all models.
  virtual Status SetTrace(const TraceSettings& settings);
  // Loads the model anew: with this configuration, which is JSON, or if there is none as the repository has it.
  virtual Status Load(const std::string& model, const std::string& config);
  virtual Status Unload(const std::string& model);
  // Memory that the server is to map.
  virtual Status Register(const SharedRegion& region);
  virtual Status Unregister(const SharedRegion& region);
};

// For the kind of service and the protocol of `options`, which outlive it, to the server at `url`; or with a server of its
// own within this process.
// Errors: kInvalidArg for an address that is none, and for files of TLS that cannot be used; those of LocalServer::Start.
Expected<std::unique_ptr<Transport>> MakeTransport(const Options& options, const std::string& url);

}  // namespace neso::perf
