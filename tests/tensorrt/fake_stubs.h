// The functions of TensorRT's interfaces that the backend does not call: they end the process.
#pragma once

#include <NvInferRuntime.h>

#include <cstdlib>

namespace fake {

// clang-format off
class RuntimeStubs : public nvinfer1::apiv::VRuntime {
 public:
  int32_t getDLACore() const noexcept override { std::abort(); }
  void setGpuAllocator(nvinfer1::IGpuAllocator* allocator) noexcept override { std::abort(); }
  void setErrorRecorder(nvinfer1::IErrorRecorder* recorder) noexcept override { std::abort(); }
  nvinfer1::IErrorRecorder* getErrorRecorder() const noexcept override { std::abort(); }
  bool setMaxThreads(int32_t maxThreads) noexcept override { std::abort(); }
  int32_t getMaxThreads() const noexcept override { std::abort(); }
  void setTemporaryDirectory(char const*) noexcept override { std::abort(); }
  char const* getTemporaryDirectory() const noexcept override { std::abort(); }
  void setTempfileControlFlags(nvinfer1::TempfileControlFlags) noexcept override { std::abort(); }
  nvinfer1::TempfileControlFlags getTempfileControlFlags() const noexcept override { std::abort(); }
  nvinfer1::IPluginRegistry& getPluginRegistry() noexcept override { std::abort(); }
  void setPluginRegistryParent(nvinfer1::IPluginRegistry* parent) noexcept override { std::abort(); }
  nvinfer1::IRuntime* loadRuntime(char const* path) noexcept override { std::abort(); }
  bool getEngineHostCodeAllowed() const noexcept override { std::abort(); }
  nvinfer1::ICudaEngine* deserializeCudaEngineV2(nvinfer1::IStreamReaderV2& streamReader) noexcept override { std::abort(); }
  bool setDLAWorkspaceAllocationStrategy(nvinfer1::DLAWorkspaceAllocationStrategy strategy) noexcept override { std::abort(); }
  nvinfer1::DLAWorkspaceAllocationStrategy getDLAWorkspaceAllocationStrategy() const noexcept override { std::abort(); }
};

class EngineStubs : public nvinfer1::apiv::VCudaEngine {
 public:
  int32_t getNbLayers() const noexcept override { std::abort(); }
  nvinfer1::IHostMemory* serialize() const noexcept override { std::abort(); }
  bool isRefittable() const noexcept override { std::abort(); }
  char const* getName() const noexcept override { std::abort(); }
  nvinfer1::EngineCapability getEngineCapability() const noexcept override { std::abort(); }
  void setErrorRecorder(nvinfer1::IErrorRecorder* recorder) noexcept override { std::abort(); }
  nvinfer1::IErrorRecorder* getErrorRecorder() const noexcept override { std::abort(); }
  nvinfer1::TacticSources getTacticSources() const noexcept override { std::abort(); }
  nvinfer1::ProfilingVerbosity getProfilingVerbosity() const noexcept override { std::abort(); }
  nvinfer1::IEngineInspector* createEngineInspector() const noexcept override { std::abort(); }
  nvinfer1::TensorLocation getTensorLocation(char const* tensorName) const noexcept override { std::abort(); }
  int32_t getTensorBytesPerComponent(char const* tensorName) const noexcept override { std::abort(); }
  char const* getTensorFormatDesc(char const* tensorName) const noexcept override { std::abort(); }
  nvinfer1::HardwareCompatibilityLevel getHardwareCompatibilityLevel() const noexcept override { std::abort(); }
  int32_t getNbAuxStreams() const noexcept override { std::abort(); }
  int32_t getTensorBytesPerComponentV2(char const* tensorName, int32_t profileIndex) const noexcept override { std::abort(); }
  int32_t getTensorComponentsPerElementV2(char const* tensorName, int32_t profileIndex) const noexcept override { std::abort(); }
  nvinfer1::TensorFormat getTensorFormatV2(char const* tensorName, int32_t profileIndex) const noexcept override { std::abort(); }
  char const* getTensorFormatDescV2(char const* tensorName, int32_t profileIndex) const noexcept override { std::abort(); }
  int32_t getTensorVectorizedDimV2(char const* tensorName, int32_t profileIndex) const noexcept override { std::abort(); }
  nvinfer1::ISerializationConfig* createSerializationConfig() noexcept override { std::abort(); }
  nvinfer1::IHostMemory* serializeWithConfig(nvinfer1::ISerializationConfig& config) const noexcept override { std::abort(); }
  nvinfer1::IRefitter* createRefitter(nvinfer1::ILogger& logger) noexcept override { std::abort(); }
  int64_t getStreamableWeightsSize() const noexcept override { std::abort(); }
  bool isDebugTensor(char const* name) const noexcept override { std::abort(); }
  bool setWeightStreamingBudgetV2(int64_t gpuMemoryBudget) noexcept override { std::abort(); }
  int64_t getWeightStreamingBudgetV2() const noexcept override { std::abort(); }
  int64_t getWeightStreamingAutomaticBudget() const noexcept override { std::abort(); }
  int64_t getWeightStreamingScratchMemorySize() const noexcept override { std::abort(); }
  int64_t getDeviceMemorySizeV2() const noexcept override { std::abort(); }
  int64_t getDeviceMemorySizeForProfileV2(int32_t profileIndex) const noexcept override { std::abort(); }
  nvinfer1::IExecutionContext* createExecutionContextWithRuntimeConfig( nvinfer1::IRuntimeConfig* runtimeConfig) noexcept override { std::abort(); }
  nvinfer1::IRuntimeConfig* createRuntimeConfig() noexcept override { std::abort(); }
  int64_t getEngineStat(nvinfer1::EngineStat stat) const noexcept override { std::abort(); }
  char const* getAliasedInputTensor(char const* tensorName) const noexcept override { std::abort(); }
};

class ContextStubs : public nvinfer1::apiv::VExecutionContext {
 public:
  void setDebugSync(bool sync) noexcept override { std::abort(); }
  bool getDebugSync() const noexcept override { std::abort(); }
  void setProfiler(nvinfer1::IProfiler*) noexcept override { std::abort(); }
  nvinfer1::IProfiler* getProfiler() const noexcept override { std::abort(); }
  nvinfer1::ICudaEngine const& getEngine() const noexcept override { std::abort(); }
  void setName(char const* name) noexcept override { std::abort(); }
  char const* getName() const noexcept override { std::abort(); }
  void setDeviceMemory(void* memory) noexcept override { std::abort(); }
  bool allInputDimensionsSpecified() const noexcept override { std::abort(); }
  void setErrorRecorder(nvinfer1::IErrorRecorder* recorder) noexcept override { std::abort(); }
  nvinfer1::IErrorRecorder* getErrorRecorder() const noexcept override { std::abort(); }
  bool executeV2(void* const* bindings) noexcept override { std::abort(); }
  void setEnqueueEmitsProfile(bool enqueueEmitsProfile) noexcept override { std::abort(); }
  bool getEnqueueEmitsProfile() const noexcept override { std::abort(); }
  bool reportToProfiler() const noexcept override { std::abort(); }
  nvinfer1::Dims getTensorStrides(char const* tensorName) const noexcept override { std::abort(); }
  void const* getTensorAddress(char const* tensorName) const noexcept override { std::abort(); }
  bool setInputConsumedEvent(cudaEvent_t event) noexcept override { std::abort(); }
  cudaEvent_t getInputConsumedEvent() const noexcept override { std::abort(); }
  void* getOutputTensorAddress(char const* tensorName) const noexcept override { std::abort(); }
  nvinfer1::IOutputAllocator* getOutputAllocator(char const* name) noexcept override { std::abort(); }
  int64_t getMaxOutputSize(char const* tensorName) const noexcept override { std::abort(); }
  bool setTemporaryStorageAllocator(nvinfer1::IGpuAllocator* allocator) noexcept override { std::abort(); }
  nvinfer1::IGpuAllocator* getTemporaryStorageAllocator() const noexcept override { std::abort(); }
  void setPersistentCacheLimit(size_t size) noexcept override { std::abort(); }
  size_t getPersistentCacheLimit() const noexcept override { std::abort(); }
  bool setNvtxVerbosity(nvinfer1::ProfilingVerbosity verbosity) noexcept override { std::abort(); }
  nvinfer1::ProfilingVerbosity getNvtxVerbosity() const noexcept override { std::abort(); }
  void setAuxStreams(cudaStream_t* auxStreams, int32_t nbStreams) noexcept override { std::abort(); }
  bool setDebugListener(nvinfer1::IDebugListener* listener) noexcept override { std::abort(); }
  nvinfer1::IDebugListener* getDebugListener() noexcept override { std::abort(); }
  bool setTensorDebugState(char const* name, bool flag) noexcept override { std::abort(); }
  bool getDebugState(char const* name) const noexcept override { std::abort(); }
  bool setAllTensorsDebugState(bool flag) noexcept override { std::abort(); }
  size_t updateDeviceMemorySizeForShapes() noexcept override { std::abort(); }
  void setDeviceMemoryV2(void* memory, int64_t size) noexcept override { std::abort(); }
  nvinfer1::IRuntimeConfig* getRuntimeConfig() const noexcept override { std::abort(); }
  bool setUnfusedTensorsDebugState(bool flag) noexcept override { std::abort(); }
  bool getUnfusedTensorsDebugState() const noexcept override { std::abort(); }
  bool setCommunicator(void* communicator) noexcept override { std::abort(); }
};

// clang-format on

}  // namespace fake
