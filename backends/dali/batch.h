// The requests of one run as what DALI takes: for each input, a list of samples that lie where the requests' bytes do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "errors.h"
#include "image_heads.h"
#include "neso/backend/input.h"
#include "pipeline.h"

namespace neso::dali {

// One input of the requests of a batch; kept from one run to the next.
class InputSamples {
 public:
  void Clear();
  // Adds samples [first, first + count) of a request's input; its first dimension are the samples. An error if one is an
  // image of more than `max_pixels`.
  Status Add(const backend::Input& input, size_t first, size_t count, int64_t max_pixels);
  const Samples& samples() const { return samples_; }

 private:
  // Where its bytes are for the CPU.
  Result<const std::byte*> Reach(const backend::Input& input);

  Samples samples_;
  std::vector<std::unique_ptr<std::byte[]>> copies_;  // of what lay on a GPU, and of files
  ImageHeads heads_;
};

}  // namespace neso::dali
