#include "engine.h"

#include "library.h"
#include "neso/backend/read_file.h"
#include "neso/backend/text.h"

namespace neso::tensorrt {
namespace {

using nvinfer1::ICudaEngine;
using nvinfer1::OptProfileSelector;

backend::DataType DataTypeOf(nvinfer1::DataType type) {
  switch (type) {
    case nvinfer1::DataType::kFLOAT: return TRITONSERVER_TYPE_FP32;
    case nvinfer1::DataType::kHALF: return TRITONSERVER_TYPE_FP16;
    case nvinfer1::DataType::kBF16: return TRITONSERVER_TYPE_BF16;
    case nvinfer1::DataType::kINT8: return TRITONSERVER_TYPE_INT8;
    case nvinfer1::DataType::kUINT8: return TRITONSERVER_TYPE_UINT8;
    case nvinfer1::DataType::kINT32: return TRITONSERVER_TYPE_INT32;
    case nvinfer1::DataType::kINT64: return TRITONSERVER_TYPE_INT64;
    case nvinfer1::DataType::kBOOL: return TRITONSERVER_TYPE_BOOL;
    default: return TRITONSERVER_TYPE_INVALID;
  }
}

// Of a tensor whose shape never changes, profiles need not say anything.
Range DimsRange(const ICudaEngine& engine, const EngineTensor& tensor, int32_t profile) {
  const auto dims = [&](OptProfileSelector select) {
    std::vector<int64_t> shape = ShapeOf(engine.getProfileShape(tensor.engine_name.c_str(), profile, select));
    return shape.size() == tensor.shape.size() ? shape : tensor.shape;
  };
  return {dims(OptProfileSelector::kMIN), dims(OptProfileSelector::kOPT), dims(OptProfileSelector::kMAX)};
}

// How many values a shape tensor has, TensorRT says by its shape, which is fixed.
Range ValuesRange(const ICudaEngine& engine, const EngineTensor& tensor, int32_t profile) {
  const auto count = static_cast<size_t>(std::max<int64_t>(backend::ElementCount(tensor.shape), 0));
  const auto values = [&](OptProfileSelector select) {
    const int64_t* const first = engine.getProfileTensorValuesV2(tensor.engine_name.c_str(), profile, select);
    return first == nullptr ? std::vector<int64_t>() : std::vector<int64_t>(first, first + count);
  };
  return {values(OptProfileSelector::kMIN), values(OptProfileSelector::kOPT), values(OptProfileSelector::kMAX)};
}

EngineTensor DescribeTensor(const ICudaEngine& engine, const char* name, int32_t profile_count) {
  EngineTensor tensor;
  tensor.engine_name = name;
  tensor.name = tensor.engine_name.substr(0, tensor.engine_name.find(' '));
  tensor.datatype = DataTypeOf(engine.getTensorDataType(name));
  tensor.shape = ShapeOf(engine.getTensorShape(name));
  tensor.is_shape_tensor = engine.isShapeInferenceIO(name);
  tensor.is_linear = engine.getTensorFormat(name) == nvinfer1::TensorFormat::kLINEAR;
  if (!tensor.is_linear) {
    tensor.vectorized_dim = engine.getTensorVectorizedDim(name);
    tensor.vector_length = std::max(engine.getTensorComponentsPerElement(name), 1);
  }
  if (engine.getTensorIOMode(name) != nvinfer1::TensorIOMode::kINPUT) return tensor;
  for (int32_t profile = 0; profile < profile_count; ++profile) {
    tensor.dims.push_back(DimsRange(engine, tensor, profile));
    if (tensor.is_shape_tensor) tensor.values.push_back(ValuesRange(engine, tensor, profile));
  }
  return tensor;
}

EngineDescription Describe(const ICudaEngine& engine) {
  EngineDescription description;
  description.profile_count = std::max(engine.getNbOptimizationProfiles(), 1);
  for (int32_t i = 0; i < engine.getNbIOTensors(); ++i) {
    const char* const name = engine.getIOTensorName(i);
    const bool is_input = engine.getTensorIOMode(name) == nvinfer1::TensorIOMode::kINPUT;
    (is_input ? description.inputs : description.outputs)
        .push_back(DescribeTensor(engine, name, description.profile_count));
  }
  return description;
}

Status SetDlaCore(nvinfer1::IRuntime& runtime, int64_t core) {
  if (core < 0) return {};
  const int32_t available = runtime.getNbDLACores();
  if (core >= available) {
    return Status::Internal("unable to create TensorRT runtime with DLA Core ID: ", core,
                            ", available number of DLA cores: ", available);
  }
  runtime.setDLACore(static_cast<int32_t>(core));
  return {};
}

}  // namespace

Result<EnginePtr> Engine::Load(const GpuPtr& gpu, int64_t dla_core, const std::string& path) {
  NESO_ASSIGN_OR_RETURN(const Library* const library, OpenLibrary());
  NESO_ASSIGN_OR_RETURN(const std::string bytes, backend::ReadWholeFile(path));
  const Gpu::Current current(*gpu);
  EnginePtr loaded(new Engine(gpu));
  NESO_ASSIGN_OR_RETURN(loaded->runtime_, library->MakeRuntime());
  NESO_RETURN_IF_ERROR(SetDlaCore(*loaded->runtime_, dla_core));
  (void)TakeLastError();
  loaded->engine_.reset(loaded->runtime_->deserializeCudaEngine(bytes.data(), bytes.size()));
  if (loaded->engine_ == nullptr) return Status::Internal("unable to create TensorRT engine: ", TakeLastError());
  loaded->description_ = Describe(*loaded->engine_);
  return loaded;
}

Engine::~Engine() {
  const Gpu::Current current(*gpu_);
  engine_.reset();
  runtime_.reset();
}

Result<std::unique_ptr<nvinfer1::IExecutionContext>> Engine::MakeContext(
    nvinfer1::ExecutionContextAllocationStrategy strategy) const {
  (void)TakeLastError();
  std::unique_ptr<nvinfer1::IExecutionContext> context(engine_->createExecutionContext(strategy));
  if (context == nullptr) return Status::Internal("unable to create TensorRT context: ", TakeLastError());
  return context;
}

std::vector<int64_t> ShapeOf(const nvinfer1::Dims& dims) {
  const int32_t rank = std::clamp(dims.nbDims, 0, nvinfer1::Dims::MAX_DIMS);
  return {dims.d, dims.d + rank};
}

Result<nvinfer1::Dims> DimsOf(const std::string& tensor, const std::vector<int64_t>& shape) {
  if (shape.size() > nvinfer1::Dims::MAX_DIMS) {
    return Status::InvalidArg("tensor '", tensor, "': expected at most ", nvinfer1::Dims::MAX_DIMS, " dimensions, got ",
                              shape.size());
  }
  nvinfer1::Dims dims{};
  dims.nbDims = static_cast<int32_t>(shape.size());
  std::ranges::copy(shape, dims.d);
  return dims;
}

}  // namespace neso::tensorrt
