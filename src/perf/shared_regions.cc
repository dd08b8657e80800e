#include "perf/shared_regions.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/owned_descriptor.h"
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
  Layout layout(regions->name_);
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
  RETURN_IF_ERROR(regions->Fill(requests, layout.bytes()));
  RETURN_IF_ERROR(transport.Register(regions->name_, "/" + regions->name_, layout.bytes()));
  regions->is_registered_ = true;
  return regions;
}

SharedRegions::SharedRegions(Transport& transport) : transport_(transport), name_(UniqueName()) {}

SharedRegions::~SharedRegions() {
  if (is_registered_) (void)transport_.Unregister(name_);  // a server that has gone has forgotten it
  shm_unlink(("/" + name_).c_str());
}

Status SharedRegions::Fill(const std::vector<TensorSet>& requests, uint64_t bytes) {
  const auto failure = [](const char* what) {
    return Unavailable("no shared memory is to be had: {}: {}", what, std::strerror(errno));
  };
  const OwnedDescriptor memory(shm_open(("/" + name_).c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (memory.get() < 0) return failure("shm_open");
  // Taken now: a page that is not there when it is written would end the process.
  if (const int error = posix_fallocate(memory.get(), 0, static_cast<off_t>(bytes)); error != 0) {
    errno = error;
    return failure("posix_fallocate");
  }
  void* const mapped = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, memory.get(), 0);
  if (mapped == MAP_FAILED) return failure("mmap");
  for (const TensorSet& request : requests) {
    for (const Tensor& input : request.inputs)
      input.bytes.copy(static_cast<char*>(mapped) + input.place.offset, input.bytes.size());
  }
  munmap(mapped, bytes);
  return {};
}

}  // namespace neso::perf
