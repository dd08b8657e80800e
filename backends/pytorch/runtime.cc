#include "runtime.h"

#include <ATen/Context.h>
#include <dlfcn.h>

#include <cstdlib>
#include <filesystem>

#include "neso/backend/log.h"
#include "tensor_memory.h"
#include "torch_call.h"

namespace neso::pytorch {
namespace {

using backend::Status;

constexpr const char* kCudaLibrary = "libtorch_cuda.so";

// A package of AOTInductor looks at the shapes of what it is called with only if this says so, and reads beyond their end
// otherwise. bin/neso has set it before there were threads; in somebody else's process this is the first one to ask for it.
void MakePackagesCheckInputs() {
  if (std::getenv("AOTI_RUNTIME_CHECK_INPUTS") == nullptr) setenv("AOTI_RUNTIME_CHECK_INPUTS", "1", 0);
}

}  // namespace

Status InitializeRuntime(const backend::Backend& backend) {
  MakePackagesCheckInputs();
  UseTensorMemory();
  NESO_ASSIGN_OR_RETURN(const backend::Parameters settings, backend.Settings());
  NESO_ASSIGN_OR_RETURN(const std::string folder, backend.Directory());
  const std::string cuda = settings.Or("cuda-library", (folder + "/" + kCudaLibrary).c_str());
  std::error_code error;
  if (!settings.Find("cuda-library") && !std::filesystem::exists(cuda, error)) return {};
  // It registers itself with the library that is there already; never closed. A link's own neighbours are where it points to.
  const std::filesystem::path library = std::filesystem::weakly_canonical(cuda, error);
  if (dlopen(error ? cuda.c_str() : library.c_str(), RTLD_NOW | RTLD_LOCAL) == nullptr) {
    NESO_LOG_WARNING("models of PyTorch run on the CPU only: ", dlerror());
  }
  return {};
}

Status CheckGpu() {
  bool has_gpu = false;
  NESO_RETURN_IF_ERROR(TryTorch("", [&] { has_gpu = at::globalContext().hasCUDA(); }));
  if (has_gpu) return {};
  return Status::Unsupported(
      "KIND_GPU: expected ", kCudaLibrary,
      " of PyTorch beside the backend, or where "
      "--backend-config=pytorch,cuda-library=<path> says, and a GPU with a driver; use KIND_CPU without");
}

Status LoadOperators(const std::string& file, const std::string& version_path) {
  const std::filesystem::path beside = std::filesystem::path(version_path) / file;  // `file` itself if that is absolute
  std::error_code error;
  const std::string path = std::filesystem::exists(beside, error) ? beside.string() : file;
  if (dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL) != nullptr) return {};
  return Status::InvalidArg("unable to load the library of operators '", file, "': ", dlerror());
}

}  // namespace neso::pytorch
