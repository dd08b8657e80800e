#include "json_utils.h"

#include <rapidjson/error/en.h>

namespace triton {
namespace client {

Error ParseJson(rapidjson::Document* document, const std::string& json_str) {
  constexpr unsigned kFlags = rapidjson::kParseNanAndInfFlag | rapidjson::kParseIterativeFlag;
  document->Parse<kFlags>(json_str.data(), json_str.size());
  if (!document->HasParseError()) return Error::Success;
  return Error("failed to parse JSON at " + std::to_string(document->GetErrorOffset()) + ": " +
               rapidjson::GetParseError_En(document->GetParseError()));
}

}  // namespace client
}  // namespace triton
