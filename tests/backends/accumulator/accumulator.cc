// A model with a memory: OUTPUT is the sum of INPUT (INT64, one element) over the sequence's requests so far.
//
// It trusts the server's word alone, by the control inputs START, READY and CORRID (UINT64 or BYTES) of its
// configuration. Where it keeps a sum is the parameter "by": "row", in the row of the batch that the sequence has (the
// direct strategy), or "id", under the sequence's id (the oldest strategy). A request of a sequence that it has not
// seen start is an error. "execute_delay_us" is how long an execution takes.
#include <chrono>
#include <map>
#include <string>
#include <thread>

#include "neso/backend/backend.h"

namespace {

using namespace neso::backend;  // NOLINT: the file is a client of nothing else

class Accumulator final : public Model {
 public:
  Status Initialize() {
    const std::string by = config().parameters.Or("by", "row");
    if (by != "row" && by != "id") return Status::InvalidArg("parameter 'by': expected row or id, got ", by);
    by_row_ = by == "row";
    NESO_ASSIGN_OR_RETURN(const int64_t delay, config().parameters.Or("execute_delay_us", int64_t{0}));
    delay_ = std::chrono::microseconds(delay);
    return {};
  }
  bool by_row() const { return by_row_; }
  std::chrono::microseconds delay() const { return delay_; }

 private:
  bool by_row_ = true;
  std::chrono::microseconds delay_{0};
};

template <typename T>
Result<T> Scalar(const Request& request, const char* name) {
  NESO_ASSIGN_OR_RETURN(const Input input, request.input(name));
  T value{};
  NESO_RETURN_IF_ERROR(input.CopyTo({reinterpret_cast<std::byte*>(&value), sizeof(value)}));
  return value;
}

class AccumulatorInstance final : public Instance<Accumulator> {
 public:
  Status Execute(Execution& execution) {
    execution.ComputeStart();
    std::this_thread::sleep_for(model().delay());
    size_t row = 0;
    for (Request& request : execution.requests()) {
      const Status answered = Answer(request, row++);
      if (!answered.ok()) request.Fail(answered);
    }
    execution.ComputeEnd();
    return {};
  }

 private:
  Status Answer(Request& request, size_t row) {
    NESO_ASSIGN_OR_RETURN(const int32_t ready, Scalar<int32_t>(request, "READY"));
    int64_t sum = 0;
    if (ready != 0) {
      NESO_ASSIGN_OR_RETURN(sum, Add(request, row));
    }
    NESO_ASSIGN_OR_RETURN(Response response, Response::New(request));
    NESO_ASSIGN_OR_RETURN(const Input input, request.input("INPUT"));
    NESO_ASSIGN_OR_RETURN(std::byte* const to, response.AddOutput("OUTPUT", input.datatype, input.shape, sizeof(sum)));
    std::memcpy(to, &sum, sizeof(sum));
    return response.Send();
  }

  Result<int64_t> Add(const Request& request, size_t row) {
    NESO_ASSIGN_OR_RETURN(const int64_t value, Scalar<int64_t>(request, "INPUT"));
    NESO_ASSIGN_OR_RETURN(const int32_t start, Scalar<int32_t>(request, "START"));
    NESO_ASSIGN_OR_RETURN(std::string key, KeyOf(request, row));
    if (start != 0) sums_[key] = 0;
    const auto found = sums_.find(key);
    if (found == sums_.end()) return Status::Internal("sequence ", request.correlation_id(), " has not started here");
    return found->second += value;
  }

  Result<std::string> KeyOf(const Request& request, size_t row) const {
    if (model().by_row()) return std::to_string(row);
    NESO_ASSIGN_OR_RETURN(const Input id, request.input("CORRID"));
    std::string key(id.byte_size, '\0');
    NESO_RETURN_IF_ERROR(id.CopyTo(std::as_writable_bytes(std::span(key))));
    return key;
  }

  std::map<std::string, int64_t> sums_;
};

}  // namespace

NESO_BACKEND(Accumulator, AccumulatorInstance)
