// PyTorch's exceptions as values.
//
//   NESO_RETURN_IF_ERROR(TryTorch("failed to load model 'm': ", [&] { module = torch::jit::load(path); }));
#pragma once

#include <c10/util/Exception.h>

#include <exception>

#include "neso/backend/status.h"

namespace neso::pytorch {

// Runs `work`; what it throws becomes INTERNAL "<context><what>", without the stack of C++ calls that PyTorch appends.
template <typename Work>
backend::Status TryTorch(std::string_view context, const Work& work) {
  try {
    work();
    return {};
  } catch (const c10::Error& error) {
    return backend::Status::Internal(context, error.what_without_backtrace());
  } catch (const std::exception& error) {
    return backend::Status::Internal(context, error.what());
  }
}

}  // namespace neso::pytorch
