#include "perf/shared_regions.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "neso/datatype.h"

namespace neso::perf {
namespace {

constexpr uint64_t kAlignment = 64;

std::string UniqueName() {
  static int made = 0;
  return fmt::format("neso_perf_{}_{}", getpid(), made++);
}

// Places of tensors, one behind the other.
class Layout {
 public:
  explicit Layout(const std::string& region) : region_(region) {}
  SharedPlace Next(uint64_t bytes) {
    SharedPlace place{.region = region_, .offset = end_, .bytes = bytes};
    end_ += (bytes + kAlignment - 1) / kAlignment * kAlignment;
    return place;
  }
  uint64_t bytes() const { return end_; }

 private:
  const std::string& region_;
  uint64_t end_ = 0;
};

// Those whose size is not known get what the options say.
Expected<uint64_t> BytesOf(const TensorFacts& output, const ModelFacts& facts, const Options& options) {
  const size_t width = FactsOfDataType(FindDataType(output.datatype, &DataTypeFacts::name)).byte_size;
  const bool is_known = width > 0 && CheckShapeIsKnown(output.name, output.shape).ok();
  if (!is_known) return options.output_shared_bytes;
  ASSIGN_OR_RETURN(const uint64_t elements, ElementsOf(output.name, output.shape));
  return elements * width * (facts.batches ? options.batch : 1);
}

}  // namespace

Expected<std::unique_ptr<SharedRegions>> SharedRegions::Make(std::vector<TensorSet>& requests, const ModelFacts& facts,
                                                             const Options& options, Transport& transport) {
  std::unique_ptr<SharedRegions> regions(new SharedRegions(transport));
  const std::string name = UniqueName();
  Layout layout(name);
  for (TensorSet& request : requests) {
    if (!request.expected.empty())
      return Unsupported("answers in shared memory are not compared: leave --shared-memory or validation_data out");
    for (Tensor& input : request.inputs) input.place = layout.Next(input.bytes.size());
  }
  std::vector<PlacedOutput> outputs;
  for (const TensorFacts& output : facts.outputs) {
    ASSIGN_OR_RETURN(const uint64_t bytes, BytesOf(output, facts, options));
    outputs.push_back({output.name, layout.Next(bytes)});
  }
  for (TensorSet& request : requests) request.outputs = outputs;
  ASSIGN_OR_RETURN(regions->block_,
                   MakeSharedBlock(options.shared_memory, name, std::max<uint64_t>(layout.bytes(), 1)));
  for (const TensorSet& request : requests) {
    for (const Tensor& input : request.inputs) RETURN_IF_ERROR(regions->block_->Write(input.place.offset, input.bytes));
  }
  RETURN_IF_ERROR(transport.Register(regions->block_->region()));
  regions->is_registered_ = true;
  return regions;
}

SharedRegions::~SharedRegions() {
  if (block_ != nullptr && is_registered_) (void)transport_.Unregister(block_->region());  // it may have gone
}

}  // namespace neso::perf
