// Writes the requests of a batch where the worker reads them: the body of kExecute, and behind it the inputs' bytes.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "neso/backend/request.h"
#include "slab.h"

namespace neso::python {

struct EncodedBatch {
  uint64_t offset = 0;
  uint64_t length = 0;  // with the inputs
};

// Confined to one instance; keeps its room from one batch to the next.
class RequestEncoder {
 public:
  // The requests are known to the worker as `first_id` and the numbers after it. The block is the caller's to release.
  backend::Result<EncodedBatch> Encode(std::span<backend::Request> requests, uint64_t first_id, const Segment& segment,
                                       Slab& slab);

 private:
  struct Texts {
    std::string_view id;
    std::string_view correlation;
    std::string parameters;
    bool has_correlation_text = false;
    std::string_view trace_context;
    bool is_traced = false;
    uint64_t correlation_number = 0;
    size_t first_input = 0;
    size_t input_count = 0;
    size_t first_output = 0;
    size_t output_count = 0;
    size_t layout_size = 0;
    uint64_t data_size = 0;
  };

  backend::Status Survey(const backend::Request& request, Texts& texts);
  static uint64_t HeadSize(const Texts& texts);

  std::vector<Texts> texts_;
  std::vector<backend::Input> inputs_;
  std::vector<std::string_view> outputs_;
};

// As the model sees them: {"name":value}.
backend::Result<std::string> ParametersJson(const backend::Request& request);

}  // namespace neso::python
