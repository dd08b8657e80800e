#include "client/server_words.h"

#include <fmt/format.h>

#include "base/json.h"
#include "base/json_member.h"
#include "base/percent.h"

namespace neso::client {

std::string ModelPath(std::string_view model, std::string_view version) {
  std::string path = "/v2/models/" + EncodePercents(model);
  if (!version.empty()) path += "/versions/" + EncodePercents(version);
  return path;
}

std::string ControlPath(std::string_view model, std::string_view what) {
  return fmt::format("/v2/repository/models/{}/{}", EncodePercents(model), what);
}

std::optional<std::string> ErrorText(std::string_view body) {
  JsonDocument document;
  if (!document.Parse(body).ok()) return std::nullopt;
  const JsonValue* const text = FindMember(document.root(), "error");
  if (text == nullptr || !text->IsString()) return std::nullopt;
  return std::string(JsonText(*text));
}

}  // namespace neso::client
