// OpenVINO's exceptions as values.
//
//   NESO_RETURN_IF_ERROR(TryOpenVino("unable to read model 'm': ", [&] { network = Core().read_model(path); }));
#pragma once

#include <exception>
#include <string>
#include <string_view>

#include "neso/backend/status.h"

namespace neso::openvino {

// What OpenVINO says, in one line and without the places in its sources that it names.
std::string PlainText(std::string_view what);

// Runs `work`; what it throws becomes INTERNAL "<context><what>".
template <typename Work>
backend::Status TryOpenVino(std::string_view context, const Work& work) {
  try {
    work();
    return {};
  } catch (const std::exception& error) {
    return backend::Status::Internal(context, PlainText(error.what()));
  }
}

}  // namespace neso::openvino
