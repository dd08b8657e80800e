// A batching strategy: a batch holds as many bytes of inputs as the model's parameter MAX_BATCH_VOLUME_BYTES says, for
// models whose requests differ in size so much that their number tells little about an execution's cost.
//
//   parameters { key: "MAX_BATCH_VOLUME_BYTES" value { string_value: "1048576" } }
#include <algorithm>

#include "neso/backend/batching.h"

namespace {

using neso::backend::Input;
using neso::backend::Model;
using neso::backend::Request;
using neso::backend::Result;
using neso::backend::Status;

uint64_t VolumeOf(const Request& request) {
  uint64_t bytes = 0;
  for (uint32_t i = 0, count = request.input_count(); i < count; ++i) {
    if (const Result<Input> input = request.input(i)) bytes += input->byte_size;
  }
  return bytes;
}

class ByVolume final : public neso::backend::BatchStrategy {
 public:
  Status Initialize(const Model& model) {
    NESO_ASSIGN_OR_RETURN(const int64_t bytes, model.config().parameters.Or("MAX_BATCH_VOLUME_BYTES", int64_t{0}));
    if (bytes <= 0) {
      return Status::InvalidArg("expected a positive number as parameter MAX_BATCH_VOLUME_BYTES, got ", bytes);
    }
    max_bytes_ = static_cast<uint64_t>(bytes);
    return {};
  }

  class Batch {
   public:
    explicit Batch(const ByVolume& strategy) : room_(strategy.max_bytes_) {}
    bool Include(const Request& request) {
      const uint64_t bytes = VolumeOf(request);
      // One that is larger than a batch may be is the first of the next, and alone there.
      const bool fits = bytes <= room_;
      room_ -= std::min(bytes, room_);
      return fits;
    }

   private:
    uint64_t room_;
  };

 private:
  uint64_t max_bytes_ = 0;
};

}  // namespace

NESO_BATCH_STRATEGY(ByVolume)
