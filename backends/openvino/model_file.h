// Reads a model's file, of whichever format OpenVINO knows.
//
// The weights of an IR are read into memory. OpenVINO by itself maps them: somebody who writes over the files of a served
// model, as copying a new version over it does, would change its answers, and end the server with SIGBUS.
#pragma once

#include <openvino/core/model.hpp>

#include <memory>
#include <string>

#include "neso/backend/status.h"

namespace neso::openvino {

// `path`: a .xml file, whose weights lie in the .bin file beside it; another format's file or folder. Errors: UNAVAILABLE
// for a file that is missing, INVALID_ARG for one that is no IR, and what OpenVINO says of what it cannot read.
backend::Result<std::shared_ptr<ov::Model>> ReadModelFile(const std::string& path, const std::string& model);

}  // namespace neso::openvino
