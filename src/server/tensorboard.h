// What is written for TensorBoard, of the models of a server.
#pragma once

#include <memory>

#include "engine/inference_server.h"
#include "observe/tensorboard/tensorboard_log.h"
#include "server/options.h"

namespace neso {

// Null when the options ask for none. `server` outlives it.
std::unique_ptr<TensorboardLog> MakeTensorboardLog(const InferenceServer& server, const Options& options);

}  // namespace neso
