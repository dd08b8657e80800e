// Walks bytes as an ONNX file, and checks that once the tensors that are no initializers lie inside, none is found
// outside.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "onnx_file.h"

namespace {

using neso::onnxruntime::ExternalTensor;
using neso::onnxruntime::OnnxFile;
using neso::onnxruntime::Result;

// A file in memory, filled anew for each input.
class MemoryFile {
 public:
  OnnxFile Holding(std::string_view bytes) const {
    const auto size = static_cast<ssize_t>(bytes.size());
    if (ftruncate(descriptor_, 0) != 0 || pwrite(descriptor_, bytes.data(), bytes.size(), 0) != size) std::abort();
    Result<OnnxFile> file = OnnxFile::Open("/proc/self/fd/" + std::to_string(descriptor_));
    if (!file) std::abort();
    return std::move(*file);
  }

 private:
  const int descriptor_ = memfd_create("onnx_file_fuzz", 0);
};

bool IsOutside(const ExternalTensor& tensor) { return !tensor.is_initializer; }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const MemoryFile memory;
  OnnxFile file = memory.Holding({reinterpret_cast<const char*>(data), size});
  const std::vector<ExternalTensor> before = file.FindExternalTensors();
  Result<std::string> inside = file.WithTensorsInside(
      [](const ExternalTensor&) -> Result<std::string_view> { return std::string_view("bytes"); });
  if (!inside) return 0;
  const std::vector<ExternalTensor> after = memory.Holding(*inside).FindExternalTensors();
  if (std::ranges::any_of(after, IsOutside)) std::abort();
  if (before.size() - after.size() != static_cast<size_t>(std::ranges::count_if(before, IsOutside))) std::abort();
  return 0;
}
