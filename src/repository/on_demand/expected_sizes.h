// What a load is expected to take, so that room is made for it before it begins: what it took when it was last loaded from the
// same files; else what models of its backend whose files are about as large have taken of late; else what its files have.
//
//   Expectation digits = sizes.Of(candidate);
//   ... load ...
//   sizes.Note(candidate, measured);
//
// Pure: no clock, no lock, no disk.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>

#include "repository/on_demand/memory_use.h"
#include "repository/repository.h"

namespace neso {

struct Expectation {
  MemoryUse use{};
  bool is_measured = false;  // with the same files; else it is a guess
};

class ExpectedSizes {
 public:
  Expectation Of(const LoadCandidate& candidate) const;
  void Note(const LoadCandidate& candidate, const MemoryUse& taken);

  // What its files have is there in any case: pages of a mapped file come only when they are read.
  static MemoryUse OfFiles(const LoadCandidate& candidate) {
    return {.host = static_cast<int64_t>(candidate.file_bytes)};
  }

 private:
  struct Measured {
    uint64_t fingerprint = 0;
    MemoryUse use{};
  };
  struct Taken {
    uint64_t file_bytes = 0;
    MemoryUse use{};
  };
  // A backend, and the size of files within a factor of four: what a model takes beyond its files differs with both.
  using Kind = std::pair<std::string, int>;
  static Kind KindOf(const LoadCandidate& candidate);

  std::map<std::string, Measured> measured_;  // by id
  std::map<Kind, std::deque<Taken>> recent_;
};

}  // namespace neso
