// Bodies in zlib's formats.
#pragma once

#include <string>

#include "http/infer_body.h"
#include "http_client.h"

namespace triton {
namespace client {

// The name of the coding; null for NONE.
const char* CodingName(InferenceServerHttpClient::CompressionType type);

// `compressed` becomes the whole body, in the coding of `type`, which is not NONE.
Error Compress(std::string* compressed, InferenceServerHttpClient::CompressionType type, const InferBody& body);

}  // namespace client
}  // namespace triton
