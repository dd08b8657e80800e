// What answers bring: compared with what the input data expects (validation_data), and kept for the export.
//
//   ASSIGN_OR_RETURN(const std::vector<Tensor> outputs, ReadHttpAnswer(answer));
//   ASSIGN_OR_RETURN(const size_t number, answers.Take(turn.request, outputs));
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "client/http1_answer.h"
#include "perf/tensor.h"

namespace neso::perf {

// The outputs of an answer, binary or JSON. Error: kInvalidArg with what was expected in its place.
Expected<std::vector<Tensor>> ReadHttpAnswer(const client::Http1AnswerReader& answer);

// {"name":value,...} as the export has them: a scalar for one element, an array for several, strings as they are.
// What has no form in JSON is left out.
std::string TensorsJson(std::span<const Tensor> tensors);

// Confined to a thread.
class Answers {
 public:
  static constexpr size_t kNotKept = SIZE_MAX;

  // `requests` outlive it. `keeps`: every answer is kept, as long as they fit into 256 MiB.
  Answers(std::span<const TensorSet> requests, bool keeps) : requests_(requests), keeps_(keeps) {}

  bool keeps() const { return keeps_; }
  // The answer to a request. Returns its number, or kNotKept. Error: kInvalidArg when it is not what was expected.
  Expected<size_t> Take(size_t request, std::span<const Tensor> outputs);
  // Its TensorsJson.
  const std::string& TextOf(size_t number) const { return kept_[number]; }

 private:
  const std::span<const TensorSet> requests_;
  const bool keeps_;
  std::vector<std::string> kept_;
  size_t kept_bytes_ = 0;
};

}  // namespace neso::perf
