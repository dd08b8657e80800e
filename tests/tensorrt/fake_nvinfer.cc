// Stands in for libnvinfer.so.11 where there is no GPU: "engines" are lines of text (fake_engine.h), and run on the "GPUs" of
// tests/gpu/fake_cuda_driver.cc. It is as strict with its caller as the real library: shapes within the profile, aligned
// addresses, nothing left out.
//
// Operations of outputs, on FP32 and INT32 elements: "copy a", "add a b", "scale a k", "above a k" (the rows whose first element is
// larger: only running tells how many), "fill s k" (in the shape that s has for values), "values s" (a shape tensor), "fail".
//
// NESO_FAKE_TRT_LOG in the environment names a file that gets a line for each engine, context and run. NESO_FAKE_TRT: "old" is
// version 10.3.0; "broken" makes no runtime.
#include <NvInferRuntime.h>
#include <dlfcn.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <memory>

#include "fake_engine.h"
#include "fake_stubs.h"

#define EXPORT extern "C" __attribute__((visibility("default")))

namespace fake {
namespace {

using nvinfer1::Dims;
using nvinfer1::ILogger;
using nvinfer1::OptProfileSelector;

template <typename Function>
Function OfDriver(const char* name) {
  static void* const driver = dlopen(std::getenv("NESO_CUDA_DRIVER"), RTLD_NOW | RTLD_LOCAL);
  return reinterpret_cast<Function>(dlsym(driver, name));
}
char* Reach(const void* address, size_t size) {
  static const auto reach = OfDriver<void* (*)(const void*, size_t)>("FakeCudaReach");
  return static_cast<char*>(reach(address, size));
}
void RunOn(void* stream, const std::function<void()>& work) {
  static const auto run = OfDriver<void (*)(void*, const std::function<void()>&)>("FakeCudaRun");
  run(stream, work);
}

void Log(const std::string& line) {
  if (const char* const path = std::getenv("NESO_FAKE_TRT_LOG")) std::ofstream(path, std::ios::app) << line << "\n";
}

bool IsMode(const char* mode) {
  const char* const chosen = std::getenv("NESO_FAKE_TRT");
  return chosen != nullptr && std::strcmp(chosen, mode) == 0;
}

ILogger* logger = nullptr;
bool Fail(const std::string& text) {
  logger->log(ILogger::Severity::kERROR, text.c_str());
  return false;
}

Dims DimsOf(const Shape& shape) {
  Dims dims{};
  dims.nbDims = static_cast<int32_t>(shape.size());
  std::ranges::copy(shape, dims.d);
  return dims;
}
Shape ShapeOf(const Dims& dims) { return {dims.d, dims.d + dims.nbDims}; }

const Shape& Select(const Range& range, OptProfileSelector select) {
  if (select == OptProfileSelector::kMIN) return range.min;
  return select == OptProfileSelector::kOPT ? range.opt : range.max;
}

bool IsIn(const Range& range, const Shape& numbers) {
  if (numbers.size() != range.min.size()) return false;
  for (size_t i = 0; i < numbers.size(); ++i) {
    if (numbers[i] < range.min[i] || numbers[i] > range.max[i]) return false;
  }
  return true;
}

std::string Text(const Shape& shape) {
  std::string text;
  for (const int64_t dim : shape) text += (text.empty() ? "" : ",") + std::to_string(dim);
  return "[" + text + "]";
}

int64_t ElementAt(const char* data, const std::string& type, size_t index) {
  if (type == "INT64") {
    int64_t value = 0;
    std::memcpy(&value, data + index * 8, 8);
    return value;
  }
  int32_t value = 0;
  std::memcpy(&value, data + index * 4, 4);
  return value;
}

class Context final : public ContextStubs, public nvinfer1::IExecutionContext {
 public:
  explicit Context(const EngineText& engine) : engine_(engine) { mImpl = this; }

  nvinfer1::IExecutionContext* getPImpl() noexcept override { return this; }
  bool setOptimizationProfileAsync(int32_t profile, cudaStream_t) noexcept override {
    if (profile < 0 || profile >= engine_.profile_count) return Fail("no such profile");
    profile_ = profile;
    Log("profile " + std::to_string(profile));
    return true;
  }
  int32_t getOptimizationProfile() const noexcept override { return profile_; }

  bool setInputShape(const char* name, const Dims& dims) noexcept override {
    const Tensor* const tensor = engine_.Find(name);
    if (tensor == nullptr || !tensor->is_input) return Fail(std::string("no input ") + name);
    const Shape shape = ShapeOf(dims);
    const auto range = engine_.dims.find({profile_, name});
    if (range != engine_.dims.end() ? !IsIn(range->second, shape) : shape != tensor->shape) {
      return Fail(std::string("setInputShape: ") + name + " cannot be " + Text(shape) + " in profile " +
                  std::to_string(profile_));
    }
    shapes_[name] = shape;
    return true;
  }
  bool setInputTensorAddress(const char* name, const void* data) noexcept override { return SetAddress(name, data); }
  bool setOutputTensorAddress(const char* name, void* data) noexcept override { return SetAddress(name, data); }
  bool setTensorAddress(const char* name, void* data) noexcept override { return SetAddress(name, data); }
  bool setOutputAllocator(const char* name, nvinfer1::IOutputAllocator* allocator) noexcept override {
    allocators_[name] = allocator;
    return true;
  }

  Dims getTensorShape(const char* name) const noexcept override { return DimsOf(ShapeOfTensor(name)); }

  int32_t inferShapes(int32_t, const char**) noexcept override {
    int32_t missing = 0;
    for (const Tensor& tensor : engine_.tensors) {
      if (!tensor.is_input) continue;
      const auto range = engine_.values.find({profile_, tensor.name});
      const bool is_given = shapes_.contains(tensor.name) && (!tensor.is_shape_tensor || addresses_[tensor.name]);
      if (!is_given) {
        ++missing;
      } else if (range != engine_.values.end() && !IsIn(range->second, ValuesOf(tensor.name))) {
        Fail("the values of " + tensor.name + " are not in profile " + std::to_string(profile_));
        return -1;
      }
    }
    return missing;
  }

  bool enqueueV3(cudaStream_t stream) noexcept override {
    if (inferShapes(0, nullptr) != 0) return Fail("inputs are missing");
    for (const Tensor& tensor : engine_.tensors) {
      if (tensor.operation == "fail") return Fail("this engine always fails");
      if (addresses_[tensor.name] == nullptr && allocators_[tensor.name] == nullptr) {
        return Fail("no address for " + tensor.name);
      }
    }
    Log("run in profile " + std::to_string(profile_));
    for (const Tensor& tensor : engine_.tensors) {
      if (!tensor.is_input && !Enqueue(tensor, stream)) return false;
    }
    return true;
  }

 private:
  bool SetAddress(const char* name, const void* data) noexcept {
    const Tensor* const tensor = engine_.Find(name);
    if (tensor == nullptr) return Fail(std::string("no tensor ") + name);
    if (!tensor->is_shape_tensor && reinterpret_cast<uintptr_t>(data) % 256 != 0) {
      return Fail(std::string("not aligned: ") + name);
    }
    addresses_[name] = const_cast<void*>(data);
    return true;
  }

  Shape ValuesOf(const std::string& name) const {
    const Tensor* const tensor = engine_.Find(name);
    const auto* const data = static_cast<const char*>(addresses_.at(name));
    Shape values;
    for (size_t i = 0; i < static_cast<size_t>(CountOf(shapes_.at(name))); ++i) {
      values.push_back(ElementAt(data, tensor->type, i));
    }
    return values;
  }

  Shape ShapeOfTensor(const std::string& name) const {
    const Tensor& tensor = *engine_.Find(name);
    if (tensor.is_input) return shapes_.contains(name) ? shapes_.at(name) : tensor.shape;
    if (tensor.operation == "fill") return ValuesOf(tensor.arguments[0]);
    if (tensor.operation == "copy" || tensor.operation == "add" || tensor.operation == "scale") {
      return shapes_.at(tensor.arguments[0]);
    }
    return tensor.shape;
  }

  size_t BytesOf(const Tensor& tensor, Shape shape) const {
    if (tensor.vectorized_dim >= 0) {
      int64_t& dim = shape[static_cast<size_t>(tensor.vectorized_dim)];
      dim = (dim + tensor.vector_length - 1) / tensor.vector_length * tensor.vector_length;
    }
    return static_cast<size_t>(CountOf(shape)) * ByteSizeOf(tensor.type);
  }

  // Addresses and shapes as they are now: a graph repeats them.
  bool Enqueue(const Tensor& output, cudaStream_t stream) noexcept {
    if (output.operation == "values") {
      const Shape values = ValuesOf(output.arguments[0]);
      std::ranges::copy(values, static_cast<int64_t*>(addresses_.at(output.name)));
      return true;
    }
    if (output.operation == "above") return EnqueueAbove(output, stream);
    const Shape shape = ShapeOfTensor(output.name);
    void* const to = addresses_.at(output.name);
    const size_t bytes = BytesOf(output, shape);
    std::vector<const void*> from;
    if (output.operation != "fill") {
      for (const std::string& argument : output.arguments) {
        if (engine_.Find(argument) != nullptr) from.push_back(addresses_.at(argument));
      }
    }
    RunOn(stream, [output, to, bytes, from] { Compute(output, to, bytes, from); });
    return true;
  }

  template <typename T, typename Combine>
  static void ForEach(void* to, size_t bytes, const Combine& combine) {
    auto* const out = reinterpret_cast<T*>(Reach(to, bytes));
    for (size_t i = 0; i < bytes / sizeof(T); ++i) out[i] = combine(i);
  }

  template <typename T>
  static void ComputeAs(const Tensor& output, void* to, size_t bytes, const std::vector<const void*>& from) {
    std::vector<const T*> in;
    for (const void* address : from) in.push_back(reinterpret_cast<const T*>(Reach(address, bytes)));
    const auto constant = static_cast<T>(std::atof(output.arguments.back().c_str()));
    if (output.operation == "add") ForEach<T>(to, bytes, [&](size_t i) { return in[0][i] + in[1][i]; });
    if (output.operation == "scale") ForEach<T>(to, bytes, [&](size_t i) { return in[0][i] * constant; });
    if (output.operation == "fill") ForEach<T>(to, bytes, [&](size_t) { return constant; });
  }

  static void Compute(const Tensor& output, void* to, size_t bytes, const std::vector<const void*>& from) {
    if (bytes == 0) return;
    if (output.operation == "copy") {
      std::memcpy(Reach(to, bytes), Reach(from[0], bytes), bytes);
    } else if (output.type == "FP32") {
      ComputeAs<float>(output, to, bytes, from);
    } else {
      ComputeAs<int32_t>(output, to, bytes, from);
    }
  }

  bool EnqueueAbove(const Tensor& output, cudaStream_t stream) noexcept {
    Shape shape = shapes_.at(output.arguments[0]);
    const size_t row = static_cast<size_t>(CountOf(shape) / std::max<int64_t>(shape[0], 1));
    const size_t bytes = static_cast<size_t>(CountOf(shape)) * sizeof(float);
    const auto* const in = reinterpret_cast<const float*>(Reach(addresses_.at(output.arguments[0]), bytes));
    std::vector<float> kept;
    for (size_t i = 0; i < static_cast<size_t>(shape[0]); ++i) {
      if (in[i * row] > std::atof(output.arguments[1].c_str()))
        kept.insert(kept.end(), in + i * row, in + (i + 1) * row);
    }
    nvinfer1::IOutputAllocator* const allocator = allocators_[output.name];
    if (allocator == nullptr) return Fail("no allocator for " + output.name);
    shape[0] = static_cast<int64_t>(kept.size() / std::max<size_t>(row, 1));
    const size_t size = kept.size() * sizeof(float);
    void* const to =
        allocator->reallocateOutputAsync(output.name.c_str(), nullptr, std::max<size_t>(size, 1), 256, stream);
    if (to == nullptr) return Fail("no memory for " + output.name);
    allocator->notifyShape(output.name.c_str(), DimsOf(shape));
    if (size > 0) std::memcpy(Reach(to, size), kept.data(), size);
    return true;
  }

  const EngineText& engine_;
  int32_t profile_ = 0;
  std::map<std::string, Shape> shapes_;
  std::map<std::string, void*> addresses_;
  std::map<std::string, nvinfer1::IOutputAllocator*> allocators_;
};

class Engine final : public EngineStubs, public nvinfer1::ICudaEngine {
 public:
  explicit Engine(EngineText text) : text_(std::move(text)) { nvinfer1::ICudaEngine::mImpl = this; }
  ~Engine() noexcept override { Log("engine destroyed"); }

  nvinfer1::ICudaEngine* getPImpl() noexcept override { return this; }
  nvinfer1::IExecutionContext* createExecutionContext(
      nvinfer1::ExecutionContextAllocationStrategy strategy) noexcept override {
    const bool is_static = strategy == nvinfer1::ExecutionContextAllocationStrategy::kSTATIC;
    Log(is_static ? "context" : "context on profile change");
    return new Context(text_);
  }
  int32_t getNbOptimizationProfiles() const noexcept override { return text_.profile_count; }
  int32_t getNbIOTensors() const noexcept override { return static_cast<int32_t>(text_.tensors.size()); }
  const char* getIOTensorName(int32_t index) const noexcept override {
    return text_.tensors[static_cast<size_t>(index)].name.c_str();
  }
  Dims getTensorShape(const char* name) const noexcept override { return DimsOf(text_.Find(name)->shape); }
  nvinfer1::DataType getTensorDataType(const char* name) const noexcept override {
    static const std::map<std::string, nvinfer1::DataType> types = {
        {"FP32", nvinfer1::DataType::kFLOAT},  {"FP16", nvinfer1::DataType::kHALF},
        {"BF16", nvinfer1::DataType::kBF16},   {"INT8", nvinfer1::DataType::kINT8},
        {"UINT8", nvinfer1::DataType::kUINT8}, {"BOOL", nvinfer1::DataType::kBOOL},
        {"INT32", nvinfer1::DataType::kINT32}, {"INT64", nvinfer1::DataType::kINT64},
        {"FP8", nvinfer1::DataType::kFP8}};
    return types.at(text_.Find(name)->type);
  }
  bool isShapeInferenceIO(const char* name) const noexcept override { return text_.Find(name)->is_shape_tensor; }
  nvinfer1::TensorIOMode getTensorIOMode(const char* name) const noexcept override {
    return text_.Find(name)->is_input ? nvinfer1::TensorIOMode::kINPUT : nvinfer1::TensorIOMode::kOUTPUT;
  }
  nvinfer1::TensorFormat getTensorFormat(const char* name) const noexcept override {
    return text_.Find(name)->vectorized_dim < 0 ? nvinfer1::TensorFormat::kLINEAR : nvinfer1::TensorFormat::kCHW4;
  }
  int32_t getTensorComponentsPerElement(const char* name) const noexcept override {
    return text_.Find(name)->vector_length;
  }
  int32_t getTensorVectorizedDim(const char* name) const noexcept override { return text_.Find(name)->vectorized_dim; }
  Dims getProfileShape(const char* name, int32_t profile, OptProfileSelector select) const noexcept override {
    const auto found = text_.dims.find({profile, name});
    Dims none{};
    none.nbDims = -1;
    return found == text_.dims.end() ? none : DimsOf(Select(found->second, select));
  }
  const int64_t* getProfileTensorValuesV2(const char* name, int32_t profile,
                                          OptProfileSelector select) const noexcept override {
    const auto found = text_.values.find({profile, name});
    return found == text_.values.end() ? nullptr : Select(found->second, select).data();
  }

 private:
  const EngineText text_;
};

class Runtime final : public RuntimeStubs, public nvinfer1::IRuntime {
 public:
  Runtime() { nvinfer1::IRuntime::mImpl = this; }

  nvinfer1::IRuntime* getPImpl() noexcept override { return this; }
  ILogger* getLogger() const noexcept override { return logger; }
  int32_t getNbDLACores() const noexcept override { return 2; }
  void setDLACore(int32_t core) noexcept override { Log("DLA core " + std::to_string(core)); }
  void setEngineHostCodeAllowed(bool allowed) noexcept override { allows_host_code_ = allowed; }
  nvinfer1::ICudaEngine* deserializeCudaEngine(const void* blob, size_t size) noexcept override {
    std::optional<EngineText> text = EngineText::Parse(std::string(static_cast<const char*>(blob), size));
    if (!text) {
      Fail("deserializeCudaEngine: the magic tag does not match");
      return nullptr;
    }
    if (!text->IsCoherent()) {
      Fail("deserializeCudaEngine: the engine is damaged");
      return nullptr;
    }
    if (text->is_version_compatible && !allows_host_code_) {
      Fail("deserializeCudaEngine: a version compatible engine, and host code is not allowed");
      return nullptr;
    }
    Log("engine");
    return new Engine(std::move(*text));
  }

 private:
  bool allows_host_code_ = false;
};

}  // namespace
}  // namespace fake

EXPORT int32_t getInferLibVersion() noexcept { return fake::IsMode("old") ? 100300 : 110400; }

EXPORT void* createInferRuntime_INTERNAL(void* logger, int32_t version) noexcept {
  fake::logger = static_cast<nvinfer1::ILogger*>(logger);
  if (fake::IsMode("broken")) {
    fake::Fail("the stand-in is broken");
    return nullptr;
  }
  return static_cast<nvinfer1::IRuntime*>(new fake::Runtime);
}
