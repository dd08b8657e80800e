#include "cuda.h"

#include <dlfcn.h>

#include <algorithm>
#include <filesystem>
#include <mutex>
#include <system_error>

#include "neso/backend/log.h"

namespace neso::onnxruntime {
namespace {

// A library that needs another one of the folder opens only after it; so passes, until one opens nothing more.
void OpenAll(std::vector<std::string> paths) {
  for (size_t before = paths.size() + 1; !paths.empty() && paths.size() < before;) {
    before = paths.size();
    std::erase_if(paths,
                  [](const std::string& path) { return dlopen(path.c_str(), RTLD_LAZY | RTLD_LOCAL) != nullptr; });
  }
  for (const std::string& path : paths) {
    if (dlopen(path.c_str(), RTLD_LAZY | RTLD_LOCAL) == nullptr) NESO_LOG_WARNING("not opened: ", dlerror());
  }
}

}  // namespace

bool HasCudaProvider() {
  const std::vector<std::string> available = Ort::GetAvailableProviders();
  return std::ranges::find(available, "CUDAExecutionProvider") != available.end();
}

void OpenCudaLibraries(const std::string& folder) {
  static std::once_flag once;
  std::call_once(once, [&] {
    std::vector<std::string> paths;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
      if (entry.path().filename().string().find(".so") != std::string::npos) paths.push_back(entry.path().string());
    }
    OpenAll(std::move(paths));
  });
}

GpuRun::GpuRun(Ort::Session& session, int32_t device_id)
    : session_(session), binding_(session), memory_("Cuda", OrtDeviceAllocator, device_id, OrtMemTypeDefault) {}

void GpuRun::Begin() {
  binding_.ClearBoundInputs();
  binding_.ClearBoundOutputs();
}

std::vector<Ort::Value> GpuRun::Run(const Ort::RunOptions& options) {
  binding_.SynchronizeInputs();
  session_.Run(options, binding_);
  binding_.SynchronizeOutputs();
  std::vector<Ort::Value> outputs = binding_.GetOutputValues();
  // Not kept until the next run: they may be large, and the inputs are the requests'.
  Begin();
  return outputs;
}

}  // namespace neso::onnxruntime
