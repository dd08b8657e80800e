// The text of model.signature: what was signed, and the signatures of it (signature.h shows one).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text.h"

namespace neso::signature {

inline constexpr std::string_view kSignatureTitle = "neso model signature 1\n";
inline constexpr std::string_view kSignatureWord = "signature ";

struct SignatureFile {
  std::string text;                                       // what is signed
  std::vector<std::pair<std::string, Bytes>> signatures;  // by the id of their key; at least one
};

// Nothing for a text that is none. What is signed is not looked into: that is for whoever trusts a signature of it.
std::optional<SignatureFile> ParseSignatureFile(const std::string& contents);

// The first line of `rest`, without its end; it is taken off.
std::string_view TakeLine(std::string_view& rest);

// The lines of what is signed that tell of files and folders, with their ends, by escaped path.
std::map<std::string, std::string> LinesByPath(std::string_view text);

}  // namespace neso::signature
