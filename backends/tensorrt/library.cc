#include "library.h"

#include <dlfcn.h>

#include <algorithm>
#include <filesystem>
#include <mutex>
#include <utility>

#include "neso/backend/log.h"

namespace neso::tensorrt {
namespace {

const std::string kMajor = std::to_string(NV_TENSORRT_MAJOR);
const std::string kLibrary = "libnvinfer.so." + kMajor;
const std::string kPluginLibrary = "libnvinfer_plugin.so." + kMajor;

thread_local std::string last_error;

// Gives TensorRT's words to the server's log. Thread-safe.
class Logger final : public nvinfer1::ILogger {
 public:
  void log(Severity severity, const char* text) noexcept override {
    switch (severity) {
      case Severity::kINTERNAL_ERROR:
      case Severity::kERROR:
        last_error = text;
        NESO_LOG_ERROR("TensorRT: ", text);
        break;
      case Severity::kWARNING: NESO_LOG_WARNING("TensorRT: ", text); break;
      case Severity::kINFO: NESO_LOG_VERBOSE("TensorRT: ", text); break;
      case Severity::kVERBOSE: NESO_LOG_VERBOSE("TensorRT: ", text); break;
    }
  }
};

Logger& TheLogger() {
  static Logger logger;
  return logger;
}

Settings& MutableSettings() {
  static Settings settings;
  return settings;
}

std::string VersionText(int32_t version) {
  return backend::Concat(version / 10000, ".", version / 100 % 100, ".", version % 100);
}

// TensorRT's own, which stand beside it, and those that the user names. Engines that use none do without.
void OpenPlugins(const std::filesystem::path& library) {
  const std::string beside = (library.parent_path() / kPluginLibrary).string();
  if (void* const plugins = dlopen(beside.c_str(), RTLD_NOW | RTLD_LOCAL)) {
    using Initialize = bool (*)(void* logger, const char* name_space);
    const auto initialize = reinterpret_cast<Initialize>(dlsym(plugins, "initLibNvInferPlugins"));
    if (initialize == nullptr || !initialize(&TheLogger(), "")) NESO_LOG_ERROR("no plug-ins of TensorRT: ", beside);
  } else {
    NESO_LOG_INFO("without the plug-ins of TensorRT: ", dlerror());
  }
  for (const std::string& path : backend::Split(BackendSettings().plugins, ';')) {
    if (dlopen(path.c_str(), RTLD_LAZY | RTLD_LOCAL) == nullptr) {
      NESO_LOG_ERROR("unable to load the plug-ins of TensorRT '", path, "': ", dlerror());
    }
  }
}

Result<Library> Open(const std::string& path) {
  void* const handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);  // never closed: engines live in it
  if (handle == nullptr) {
    return Status::Unavailable("expected the library of TensorRT ", kMajor, ", got: ", dlerror(),
                               "; install it, or say ", "where it is with --backend-config=tensorrt,library=<path of ",
                               kLibrary, ">");
  }
  const auto version = reinterpret_cast<int32_t (*)()>(dlsym(handle, "getInferLibVersion"));
  const auto create = reinterpret_cast<Library::CreateRuntime>(dlsym(handle, "createInferRuntime_INTERNAL"));
  if (version == nullptr || create == nullptr) {
    return Status::Unavailable("expected the library of TensorRT ", kMajor, ", got '", path, "', which is none");
  }
  if (version() / 10000 != NV_TENSORRT_MAJOR) {
    return Status::Unavailable("expected the library of TensorRT ", kMajor, ", got '", path, "' of version ",
                               VersionText(version()));
  }
  NESO_LOG_INFO("TensorRT ", VersionText(version()));
  Dl_info where = {};
  const bool is_known = dladdr(reinterpret_cast<void*>(create), &where) != 0 && where.dli_fname != nullptr;
  std::error_code error;
  OpenPlugins(std::filesystem::canonical(is_known ? where.dli_fname : path.c_str(), error));
  // What is called here is older than either version.
  return Library(create, std::min<int32_t>(version(), NV_TENSORRT_VERSION));
}

}  // namespace

Status ReadSettings(const backend::Backend& backend) {
  NESO_ASSIGN_OR_RETURN(const backend::Parameters given, backend.Settings());
  NESO_ASSIGN_OR_RETURN(const std::string folder, backend.Directory());
  Settings& settings = MutableSettings();
  std::error_code error;
  const std::string beside = folder + "/" + kLibrary;
  settings.library = given.Or("library", (std::filesystem::exists(beside, error) ? beside : kLibrary).c_str());
  settings.plugins = given.Or("plugins", "");
  NESO_ASSIGN_OR_RETURN(settings.is_version_compatible, given.Or("version-compatible", false));
  NESO_ASSIGN_OR_RETURN([[maybe_unused]] const bool coalesce, given.Or("coalesce-request-input", false));
  const std::string policy = given.Or("execution-policy", "DEVICE_BLOCKING");
  if (policy != "DEVICE_BLOCKING" && policy != "BLOCKING") {
    return Status::InvalidArg("execution-policy: expected 'DEVICE_BLOCKING' or 'BLOCKING', got '", policy, "'");
  }
  return {};
}

const Settings& BackendSettings() { return MutableSettings(); }

Result<std::unique_ptr<nvinfer1::IRuntime>> Library::MakeRuntime() const {
  (void)TakeLastError();
  std::unique_ptr<nvinfer1::IRuntime> runtime(static_cast<nvinfer1::IRuntime*>(create_(&TheLogger(), version_)));
  if (runtime == nullptr) return Status::Internal("unable to create TensorRT runtime: ", TakeLastError());
  if (BackendSettings().is_version_compatible) runtime->setEngineHostCodeAllowed(true);
  return runtime;
}

Result<const Library*> OpenLibrary() {
  static std::mutex mutex;
  static std::unique_ptr<const Library> library;
  const std::lock_guard lock(mutex);
  if (library == nullptr) {
    NESO_ASSIGN_OR_RETURN(const Library opened, Open(BackendSettings().library));
    library = std::make_unique<const Library>(opened);
  }
  return static_cast<const Library*>(library.get());
}

std::string TakeLastError() { return std::exchange(last_error, {}); }

}  // namespace neso::tensorrt
