#include "tf.h"

#include <dlfcn.h>

#include <cstdlib>
#include <mutex>

#include "neso/library_functions.h"

namespace neso::tensorflow {
namespace {

constexpr const char* kLibrary = "libtensorflow_cc.so.2";

TfFunctions functions;

// It writes to the standard error stream itself: by default one line about the processor for each process, in the middle of
// the server's log. bin/neso has set this before there were threads; in somebody else's process this is the first to ask.
void BeQuiet() {
  if (std::getenv("TF_CPP_MIN_LOG_LEVEL") == nullptr) setenv("TF_CPP_MIN_LOG_LEVEL", "1", 0);
}

// RTLD_LOCAL: its protobuf and Abseil must not stand before those of other frameworks.
Status Open(const std::string& path) {
  BeQuiet();
  void* const library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    return Status::Unavailable(
        "unable to load TensorFlow: ", dlerror(), "; expected ", kLibrary,
        " and libtensorflow_framework.so.2 of the PyPI wheel tensorflow-cpu 2.21 beside the backend");
  }
  TfFunctions found;
  LibraryFunctions in_library(library);
#define NESO_TF_FIND(name) in_library.Find(found.name, "TF_" #name);
  NESO_TF_FUNCTIONS(NESO_TF_FIND)
#undef NESO_TF_FIND
  if (const char* const missing = in_library.missing()) {
    return Status::Unsupported(path, " is no TensorFlow 2: it has no ", missing);
  }
  functions = found;
  return {};
}

TRITONSERVER_Error_Code CodeOf(TF_Code code) {
  switch (code) {
    case TF_INVALID_ARGUMENT:
    case TF_OUT_OF_RANGE: return TRITONSERVER_ERROR_INVALID_ARG;
    case TF_RESOURCE_EXHAUSTED: return TRITONSERVER_ERROR_UNAVAILABLE;
    default: return TRITONSERVER_ERROR_INTERNAL;
  }
}

}  // namespace

Status OpenLibrary(const std::string& folder) {
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  if (functions.Version != nullptr) return {};
  return Open(BesideOrOnRunPath(folder + "/" + kLibrary, kLibrary));
}

const TfFunctions& Tf() { return functions; }

Status ToStatus(const TF_Status& status) {
  const TF_Code code = Tf().GetCode(&status);
  if (code == TF_OK) return {};
  return {CodeOf(code), Tf().Message(&status)};
}

}  // namespace neso::tensorflow
