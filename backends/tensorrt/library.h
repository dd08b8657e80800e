// TensorRT's library, which is the user's and is opened at run time.
//
//   NESO_ASSIGN_OR_RETURN(const Library* const library, OpenLibrary());
//   NESO_ASSIGN_OR_RETURN(const std::unique_ptr<nvinfer1::IRuntime> runtime, library->MakeRuntime());
#pragma once

#include <NvInferRuntime.h>

#include <memory>
#include <string>

#include "neso/backend/model.h"
#include "neso/backend/status.h"

namespace neso::tensorrt {

using backend::Result;
using backend::Status;

// What the command line says to this backend: --backend-config=tensorrt,<name>=<value>.
struct Settings {
  std::string library;                 // "library"
  std::string plugins;                 // "plugins": libraries, with ';' between them
  bool is_version_compatible = false;  // "version-compatible"
};
Status ReadSettings(const backend::Backend& backend);
const Settings& BackendSettings();

class Library {
 public:
  using CreateRuntime = void* (*)(void* logger, int32_t version);
  Library(CreateRuntime create, int32_t version) : create_(create), version_(version) {}

  // INTERNAL with TensorRT's words. A GPU is current.
  Result<std::unique_ptr<nvinfer1::IRuntime>> MakeRuntime() const;

 private:
  const CreateRuntime create_;
  const int32_t version_;
};

// The process's; one that was not there is looked for again. UNAVAILABLE, with what to do, if there is none of the
// version that this was built for.
Result<const Library*> OpenLibrary();

// What TensorRT said last on this thread that is an error, "" if nothing; forgets it.
std::string TakeLastError();

}  // namespace neso::tensorrt
