// How a language model streams its answers: when the first token came, how the others followed, and how many there were.
//
//   const TokenTimes times = TokenTimesOf(measured, words_of_requests);
//   times.first_ms.Percentile(99);
//
// An answer of the stream is a token: servers of language models send them one by one, and nobody else here knows the
// model's tokenizer. Source: genai-perf's metrics.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "perf/measure.h"

namespace neso::perf {

// Numbers in their order. All of it is 0 where there is none.
class Spread {
 public:
  Spread() = default;
  explicit Spread(std::vector<double> numbers);

  bool empty() const { return sorted_.empty(); }
  double Average() const;
  double Deviation() const { return DeviationOf(sorted_, Average()); }
  double Percentile(double percent) const { return PercentileOf(sorted_, percent); }
  double Least() const { return empty() ? 0 : sorted_.front(); }
  double Most() const { return empty() ? 0 : sorted_.back(); }

 private:
  std::vector<double> sorted_;
};

struct TokenTimes {
  Spread first_ms, second_ms;  // from the request to the first token, from that to the next
  Spread request_ms;           // to the last token
  Spread between_ms;           // from token to token behind the first, each request's average
  Spread tokens_per_s_of_one;  // what a user sees: tokens a second behind the first
  Spread tokens, words;        // of an answer, of a prompt
  double tokens_per_s = 0;     // of all together
  double requests_per_s = 0;
  uint64_t requests = 0;  // that ended with at least one token
};

// `words`: of each of the requests that take turns.
TokenTimes TokenTimesOf(const Measured& measured, std::span<const size_t> words);

}  // namespace neso::perf
