// What runs on NVIDIA's GPUs: the runtime's CUDA provider and the libraries that it needs, and a run whose tensors may
// lie there.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ort.h"

namespace neso::onnxruntime {

// Whether the runtime library was built with the CUDA provider (it opens the rest of it when a session asks).
bool HasCudaProvider();

// Opens the libraries in `folder`, if there is one, so that the provider finds them by their names: CUDA's, cuBLAS,
// cuDNN. What is not there the loader looks for where it always does. Once a process; they are never closed.
void OpenCudaLibraries(const std::string& folder);

// A session's run that leaves outputs on the GPU, which a plain run brings to the host. Both take inputs from where they
// lie. Confined to its instance. All functions throw what the runtime throws.
class GpuRun {
 public:
  GpuRun(Ort::Session& session, int32_t device_id);

  const Ort::MemoryInfo& memory() const { return memory_; }

  void Begin();
  void AddInput(const char* name, const Ort::Value& value) { binding_.BindInput(name, value); }
  void AddOutput(const char* name, bool on_gpu) { binding_.BindOutput(name, on_gpu ? memory_ : host_); }
  // The outputs in the order in which they were added. Whoever reads them need not wait.
  std::vector<Ort::Value> Run(const Ort::RunOptions& options);

 private:
  Ort::Session& session_;
  Ort::IoBinding binding_;
  const Ort::MemoryInfo memory_;
  const Ort::MemoryInfo host_ = Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault);
};

}  // namespace neso::onnxruntime
