// The smallest decoupled backend: a request with the number IN gets IN responses, each of which is OUT = IN, and none if
// IN is 0.
#include <cstring>

#include "neso/backend/backend.h"

using namespace neso::backend;

class Square final : public Model {
 public:
  Status Initialize() const {
    if (config().decoupled) return {};
    return Status::InvalidArg("model '", name(), "': expected model_transaction_policy { decoupled: true }");
  }
};

class SquareInstance final : public Instance<Square> {
 public:
  Status Execute(Execution& execution) {
    for (Request& request : execution.requests()) {
      const Status answered = Answer(request);
      if (!answered.ok()) request.Fail(answered);
    }
    return {};
  }

 private:
  Status Answer(Request& request) const {
    NESO_ASSIGN_OR_RETURN(const Input in, request.input("IN"));
    int32_t number = 0;
    NESO_RETURN_IF_ERROR(in.CopyTo(std::as_writable_bytes(std::span(&number, 1))));
    if (number < 0) return Status::InvalidArg("input 'IN': expected 0 or more, got ", number);

    NESO_ASSIGN_OR_RETURN(ResponseFactory factory, ResponseFactory::New(request));
    for (int32_t i = 0; i < number && !factory.IsCancelled(); ++i) {
      ResponseTimes times{.start_ns = NowNs(), .compute_output_start_ns = NowNs(), .end_ns = 0};
      NESO_ASSIGN_OR_RETURN(Response response, Response::New(factory));
      NESO_ASSIGN_OR_RETURN(std::byte* const out, response.AddOutput("OUT", in.datatype, in.shape, sizeof(number)));
      std::memcpy(out, &number, sizeof(number));
      NESO_RETURN_IF_ERROR(response.Send(/*final=*/false));
      times.end_ns = NowNs();
      NESO_RETURN_IF_ERROR(ReportResponse(handle(), factory, times));
    }
    return factory.SendFinal();
  }
};

NESO_BACKEND(Square, SquareInstance)
