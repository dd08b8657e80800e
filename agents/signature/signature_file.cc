#include "signature_file.h"

#include <algorithm>

namespace neso::signature {
namespace {

// More than anybody has keys: each costs a check, and stands in the error of a model that nobody knows the keys of.
constexpr size_t kMaxSignatures = 64;

bool IsKeyId(std::string_view id) {
  return id.size() == 16 &&
         std::ranges::all_of(id, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace

std::string_view TakeLine(std::string_view& rest) {
  const size_t end = rest.find('\n');
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return line;
}

std::optional<SignatureFile> ParseSignatureFile(const std::string& contents) {
  if (!contents.starts_with(kSignatureTitle)) return std::nullopt;
  const size_t begin = contents.find("\n" + std::string(kSignatureWord));
  if (begin == std::string::npos) return std::nullopt;
  SignatureFile file{.text = contents.substr(0, begin + 1), .signatures = {}};
  std::string_view rest = std::string_view(contents).substr(begin + 1);
  while (!rest.empty()) {
    std::string_view line = TakeLine(rest);
    if (!line.starts_with(kSignatureWord)) return std::nullopt;
    line.remove_prefix(kSignatureWord.size());
    const size_t space = line.find(' ');
    if (space == std::string_view::npos || !IsKeyId(line.substr(0, space))) return std::nullopt;
    if (file.signatures.size() == kMaxSignatures) return std::nullopt;
    std::optional<Bytes> bytes = FromBase64(line.substr(space + 1));
    if (!bytes) return std::nullopt;
    file.signatures.emplace_back(line.substr(0, space), *std::move(bytes));
  }
  return file;
}

std::map<std::string, std::string> LinesByPath(std::string_view text) {
  std::map<std::string, std::string> lines;
  TakeLine(text);  // the title
  TakeLine(text);  // the model
  while (!text.empty()) {
    const std::string_view line = TakeLine(text);
    lines.emplace(line.substr(line.rfind(' ') + 1), std::string(line) + "\n");
  }
  return lines;
}

}  // namespace neso::signature
