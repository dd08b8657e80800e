// Where settings of object stores come from: the environment, files of settings, and the credential file with an entry
// for each prefix.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/status.h"

namespace neso::object_store {

// Empty: not set.
std::string Environment(const char* name);
// "~/<path>" of who runs the server; empty when there is no HOME.
std::string InHome(std::string_view path);

// No file of credentials is as large.
inline constexpr size_t kMaxSettingsBytes = 1U << 20;

// "[section]" and "name = value" lines, as in ~/.aws/config. What stands deeper than its line's beginning is skipped.
using IniFile = std::map<std::string, std::map<std::string, std::string>>;
IniFile ParseIni(std::string_view text);

// One entry of the credential file; each member is a text.
using CredentialEntry = std::map<std::string, std::string>;

// TRITON_CLOUD_CREDENTIAL_PATH: {"s3": {"": {...}, "s3://bucket": {...}}, "gs": {"": "<file>"}, "as": {...}}.
struct CredentialFile {
  std::map<std::string, std::map<std::string, CredentialEntry>> by_store;  // "s3", then by prefix

  // The entry of the longest prefix of `path`, and that prefix; null if there is none.
  const CredentialEntry* Find(const std::string& store, std::string_view path, std::string& prefix) const;
};
// A text in place of an object is the member "file". Error: kInvalidArg with the place.
Expected<CredentialFile> ParseCredentialFile(std::string_view json);

// A member of an object that is a text, or a number's digits; empty if there is none.
std::string TextMember(const JsonValue& object, const char* name);

}  // namespace neso::object_store
