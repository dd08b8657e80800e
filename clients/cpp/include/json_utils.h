// Reads the JSON texts that the HTTP client gives for metadata, configurations and statistics.
#pragma once

#include <rapidjson/document.h>

#include <string>

#include "common.h"

namespace triton {
namespace client {

Error ParseJson(rapidjson::Document* document, const std::string& json_str);

}
}  // namespace triton
