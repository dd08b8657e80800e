// ONNX Runtime's C++ API with errors as values.
//
//   NESO_RETURN_IF_ERROR(TryOrt([&] { session = Ort::Session(env, path, options); }));
#pragma once

// The API table is fetched by InitializeOrt(): a library older than our header must give an error, not a null pointer.
#ifndef ORT_API_MANUAL_INIT
#define ORT_API_MANUAL_INIT
#endif
#include <onnxruntime_cxx_api.h>

#include "neso/backend/status.h"

namespace neso::onnxruntime {

using backend::Result;
using backend::Status;

// Runs `work`; what the runtime throws becomes INTERNAL "onnx runtime error <code>: <message>".
template <typename Work>
Status TryOrt(const Work& work) {
  try {
    work();
    return {};
  } catch (const Ort::Exception& exception) {
    return Status::Internal("onnx runtime error ", static_cast<int>(exception.GetOrtErrorCode()), ": ",
                            exception.what());
  }
}

}  // namespace neso::onnxruntime
