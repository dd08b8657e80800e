// Stands in for an ONNX Runtime with the CUDA provider, where there is no GPU: the real library of the CPU, which lies
// beside this one as libonnxruntime_cpu.so, says that it has the provider, and takes "Cuda" memory for the host's. With
// fake_cuda_driver.cc, whose GPUs' memory is the machine's, a model runs "on a GPU".
//
// NESO_FAKE_ORT_LOG in the environment names a file that gets a line for each option of the provider.
#include <dlfcn.h>
#include <onnxruntime_c_api.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>

namespace {

const OrtApiBase* real_base = nullptr;
const OrtApi* real = nullptr;
OrtApi ours;
OrtApiBase our_base;
char* providers[] = {const_cast<char*>("CUDAExecutionProvider"), const_cast<char*>("CPUExecutionProvider")};

OrtStatus* ORT_API_CALL GetAvailableProviders(char*** names, int* count) noexcept {
  *names = providers;
  *count = 2;
  return nullptr;
}
OrtStatus* ORT_API_CALL ReleaseAvailableProviders(char**, int) noexcept { return nullptr; }

OrtStatus* ORT_API_CALL CreateMemoryInfo(const char* name, OrtAllocatorType type, int id, OrtMemType memory_type,
                                         OrtMemoryInfo** info) noexcept {
  if (std::strcmp(name, "Cuda") == 0) return real->CreateCpuMemoryInfo(OrtArenaAllocator, OrtMemTypeDefault, info);
  return real->CreateMemoryInfo(name, type, id, memory_type, info);
}

OrtStatus* ORT_API_CALL CreateOptions(OrtCUDAProviderOptionsV2** options) noexcept {
  *options = reinterpret_cast<OrtCUDAProviderOptionsV2*>(new char);
  return nullptr;
}
void ORT_API_CALL ReleaseOptions(OrtCUDAProviderOptionsV2* options) noexcept {
  delete reinterpret_cast<char*>(options);
}
OrtStatus* ORT_API_CALL UpdateOptions(OrtCUDAProviderOptionsV2*, const char* const* keys, const char* const* values,
                                      size_t count) noexcept {
  const char* const path = std::getenv("NESO_FAKE_ORT_LOG");
  if (path == nullptr) return nullptr;
  std::ofstream log(path, std::ios::app);
  for (size_t i = 0; i < count; ++i) log << keys[i] << "=" << values[i] << "\n";
  return nullptr;
}
OrtStatus* ORT_API_CALL AppendCuda(OrtSessionOptions*, const OrtCUDAProviderOptionsV2*) noexcept { return nullptr; }

const OrtApi* ORT_API_CALL GetApi(uint32_t version) noexcept {
  real = real_base->GetApi(version);
  if (real == nullptr) return nullptr;
  ours = *real;
  ours.GetAvailableProviders = GetAvailableProviders;
  ours.ReleaseAvailableProviders = ReleaseAvailableProviders;
  ours.CreateMemoryInfo = CreateMemoryInfo;
  ours.CreateCUDAProviderOptions = CreateOptions;
  ours.UpdateCUDAProviderOptions = UpdateOptions;
  ours.ReleaseCUDAProviderOptions = ReleaseOptions;
  ours.SessionOptionsAppendExecutionProvider_CUDA_V2 = AppendCuda;
  return &ours;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) const OrtApiBase* ORT_API_CALL OrtGetApiBase() noexcept {
  Dl_info self = {};
  dladdr(reinterpret_cast<const void*>(&OrtGetApiBase), &self);
  const std::string path(self.dli_fname);
  void* const library = dlopen((path.substr(0, path.rfind('/')) + "/libonnxruntime_cpu.so").c_str(), RTLD_NOW);
  if (library == nullptr) std::abort();
  real_base = reinterpret_cast<const OrtApiBase* (*)()>(dlsym(library, "OrtGetApiBase"))();
  our_base = {GetApi, real_base->GetVersionString};
  return &our_base;
}
