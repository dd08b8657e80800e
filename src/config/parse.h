// Reads a model configuration from protobuf's text form (config.pbtxt) or JSON form (load overrides, backends).
//
//   ASSIGN_OR_RETURN(inference::ModelConfig config, ParseModelConfigText(text, "/models/digits/config.pbtxt"));
//
// Thread-safe. What protobuf itself wants to say goes to the process log, never to stderr.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/status.h"
#include "config/model_config.pb.h"

namespace neso {

// No configuration in use comes near; it bounds what a hostile file or override can make us allocate.
inline constexpr size_t kMaxModelConfigBytes = size_t{16} << 20;
// Three bytes can be an input, which takes a hundred times as much once it is read.
inline constexpr size_t kMaxModelConfigFields = 200'000;

// Parses the text form; unknown fields and two members of one oneof are errors.
// The error's message is "failed to read text proto from <source>"; where and why ("<source>:3:12: ...", one line a
// finding, counted from 1) is written to `details`, or to the log when `details` is null.
// Errors: kInvalidArg.
Expected<inference::ModelConfig> ParseModelConfigText(std::string_view text, std::string_view source,
                                                      std::string* details = nullptr);

// Parses the JSON form: snake_case or camelCase names, enum names in any case, unknown fields are errors.
// Errors: kInvalidArg with protobuf's reason.
Expected<inference::ModelConfig> ParseModelConfigJson(std::string_view json);

// ParseModelConfigJson for the "config" parameter of a load request: "Invalid config override: <reason>".
Expected<inference::ModelConfig> ParseConfigOverride(std::string_view json);

}  // namespace neso
