// What all who ask a server over HTTP need: where its models are, and what its errors say.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace neso::client {

// "/v2/models/NAME[/versions/VERSION]", with what a path cannot carry encoded.
std::string ModelPath(std::string_view model, std::string_view version = {});

// "/v2/repository/models/NAME/WHAT", likewise; `what` is "load" or "unload".
std::string ControlPath(std::string_view model, std::string_view what);

// The server's own words in the body of an answer that is an error. Null: it has none.
std::optional<std::string> ErrorText(std::string_view body);

}  // namespace neso::client
