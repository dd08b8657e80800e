#include "object_store/settings.h"

#include <cstdlib>

#include "base/text.h"

namespace neso::object_store {

std::string Environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string InHome(std::string_view path) {
  const std::string home = Environment("HOME");
  return home.empty() ? "" : home + "/" + std::string(path);
}

IniFile ParseIni(std::string_view text) {
  IniFile file;
  std::map<std::string, std::string>* section = nullptr;
  for (const std::string_view line : Split(text, '\n')) {
    if (line.empty() || line[0] == '#' || line[0] == ';' || line[0] == ' ' || line[0] == '\t') continue;
    const std::string_view trimmed = TrimBlanks(line);
    if (trimmed.starts_with('[')) {
      section = &file[std::string(TrimBlanks(trimmed.substr(1, trimmed.find(']') - 1)))];
      continue;
    }
    const size_t equals = trimmed.find('=');
    if (section == nullptr || equals == std::string_view::npos) continue;
    (*section)[ToLowerAscii(TrimBlanks(trimmed.substr(0, equals)))] = TrimBlanks(trimmed.substr(equals + 1));
  }
  return file;
}

const CredentialEntry* CredentialFile::Find(const std::string& store, std::string_view path,
                                            std::string& prefix) const {
  const auto entries = by_store.find(store);
  if (entries == by_store.end()) return nullptr;
  const CredentialEntry* found = nullptr;
  for (const auto& [candidate, entry] : entries->second) {
    if (!path.starts_with(candidate) || (found != nullptr && candidate.size() < prefix.size())) continue;
    found = &entry;
    prefix = candidate;
  }
  return found;
}

Expected<CredentialFile> ParseCredentialFile(std::string_view json) {
  JsonDocument document;
  if (const Status parsed = document.Parse(json); !parsed.ok()) return InvalidArg("{}", parsed.message());
  const JsonValue& root = document.root();
  if (!root.IsObject()) return InvalidArg("expected an object with \"s3\", \"gs\" or \"as\"");
  CredentialFile file;
  for (const auto& store : root.GetObject()) {
    const std::string name(JsonText(store.name));
    if (!store.value.IsObject()) return InvalidArg("\"{}\": expected an object of prefixes", name);
    for (const auto& prefix : store.value.GetObject()) {
      CredentialEntry& entry = file.by_store[name][std::string(JsonText(prefix.name))];
      if (prefix.value.IsString()) {
        entry["file"] = JsonText(prefix.value);
        continue;
      }
      if (!prefix.value.IsObject()) {
        return InvalidArg("\"{}\": expected an object for the prefix '{}'", name, JsonText(prefix.name));
      }
      for (const auto& member : prefix.value.GetObject()) {
        if (!member.value.IsString()) {
          return InvalidArg("\"{}\", prefix '{}': expected a text for \"{}\"", name, JsonText(prefix.name),
                            JsonText(member.name));
        }
        entry[std::string(JsonText(member.name))] = JsonText(member.value);
      }
    }
  }
  return file;
}

std::string TextMember(const JsonValue& object, const char* name) {
  if (!object.IsObject()) return {};
  const auto it = object.FindMember(name);
  if (it == object.MemberEnd()) return {};
  if (it->value.IsString()) return std::string(JsonText(it->value));
  if (it->value.IsInt64()) return std::to_string(it->value.GetInt64());
  return {};
}

}  // namespace neso::object_store
