// An engine as it was read from its file, and what it takes and gives.
#pragma once

#include <NvInferRuntime.h>

#include <memory>
#include <string>

#include "cuda.h"
#include "description.h"

namespace neso::tensorrt {

// On one GPU, or one of its DLA cores; contexts of several instances may be made of it. Thread-safe once loaded.
class Engine {
 public:
  // `dla_core`: -1 for none. Errors: INTERNAL with TensorRT's words; UNAVAILABLE if the library is not there, or the file
  // cannot be read.
  static Result<std::shared_ptr<Engine>> Load(const GpuPtr& gpu, int64_t dla_core, const std::string& path);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  const EngineDescription& description() const { return description_; }
  const GpuPtr& gpu() const { return gpu_; }
  // Its GPU is current.
  Result<std::unique_ptr<nvinfer1::IExecutionContext>> MakeContext(
      nvinfer1::ExecutionContextAllocationStrategy strategy) const;

 private:
  explicit Engine(GpuPtr gpu) : gpu_(std::move(gpu)) {}

  const GpuPtr gpu_;
  std::unique_ptr<nvinfer1::IRuntime> runtime_;
  std::unique_ptr<nvinfer1::ICudaEngine> engine_;
  EngineDescription description_;
};
using EnginePtr = std::shared_ptr<Engine>;

std::vector<int64_t> ShapeOf(const nvinfer1::Dims& dims);
// INVALID_ARG for more dimensions than TensorRT has.
Result<nvinfer1::Dims> DimsOf(const std::string& tensor, const std::vector<int64_t>& shape);

}  // namespace neso::tensorrt
