#include "frontend/access/access_file.h"

#include <algorithm>
#include <ctime>
#include <optional>
#include <set>

#include "base/json.h"

namespace neso {
namespace {

constexpr size_t kMaxName = 64;
constexpr size_t kMaxPattern = 256;
constexpr double kMostPerSecond = 1e9;

bool IsWord(std::string_view text, size_t longest, std::string_view others) {
  return !text.empty() && text.size() <= longest && std::all_of(text.begin(), text.end(), [others](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           others.find(c) != std::string_view::npos;
  });
}

Expected<std::string> Text(const JsonValue& value) {
  if (!value.IsString()) return InvalidArg("expected a text");
  return std::string(JsonText(value));
}

Expected<std::vector<std::string>> Texts(const JsonValue& value) {
  if (!value.IsArray()) return InvalidArg("expected a list of texts");
  std::vector<std::string> texts;
  for (const JsonValue& element : value.GetArray()) {
    ASSIGN_OR_RETURN(texts.emplace_back(), Text(element));
  }
  return texts;
}

Expected<std::vector<std::string>> Patterns(const JsonValue& value) {
  ASSIGN_OR_RETURN(std::vector<std::string> patterns, Texts(value));
  for (const std::string& pattern : patterns) {
    if (pattern.empty() || pattern.size() > kMaxPattern) {
      return InvalidArg("expected patterns of 1 to {} characters", kMaxPattern);
    }
  }
  return patterns;
}

Expected<uint32_t> Count(const JsonValue& value) {
  if (!value.IsUint() || value.GetUint() == 0) return InvalidArg("expected a whole number from 1");
  return value.GetUint();
}

Status SetName(AccessKey& key, const JsonValue& value) {
  ASSIGN_OR_RETURN(key.name, Text(value));
  if (!IsKeyName(key.name)) return InvalidArg("expected at most {} letters, digits and ._-", kMaxName);
  return {};
}
Status SetId(AccessKey& key, const JsonValue& value) {
  ASSIGN_OR_RETURN(key.id, Text(value));
  if (!IsWord(key.id, kMaxName, "-")) return InvalidArg("expected letters and digits, as in the key");
  return {};
}
Status SetDigest(AccessKey& key, const JsonValue& value) {
  ASSIGN_OR_RETURN(const std::string text, Text(value));
  if (!FromHex(text, key.digest)) return InvalidArg("expected 64 hexadecimal digits in lower case");
  return {};
}
Status SetModels(AccessKey& key, const JsonValue& value) {
  ASSIGN_OR_RETURN(key.models, Patterns(value));
  return {};
}
Status SetDeniedModels(AccessKey& key, const JsonValue& value) {
  ASSIGN_OR_RETURN(key.denied_models, Patterns(value));
  return {};
}
Status SetRights(AccessKey& key, const JsonValue& value) {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, Texts(value));
  key.rights = {};
  for (const std::string& name : names) {
    if (name == "all") {
      key.rights = AccessRights::All();
    } else if (const std::optional<AccessRight> right = AccessRightFromName(name)) {
      key.rights.Add(*right);
    } else {
      return InvalidArg("there is no operation '{}'; expected all, or some of {}", name.substr(0, kMaxName),
                        AccessRights::All().ToString(", "));
    }
  }
  return {};
}
Status SetRate(AccessKey& key, const JsonValue& value) {
  if (!value.IsNumber() || !(value.GetDouble() > 0) || value.GetDouble() > kMostPerSecond) {
    return InvalidArg("expected a number above 0, at most {:.0f}", kMostPerSecond);
  }
  // Below one a year nobody means it, and nanoseconds would not hold it.
  key.requests_per_second = std::max(value.GetDouble(), 1.0 / (365 * 24 * 3600));
  return {};
}
Status SetBurst(AccessKey& key, const JsonValue& value) {
  ASSIGN_OR_RETURN(key.burst, Count(value));
  return {};
}
Status SetConcurrent(AccessKey& key, const JsonValue& value) {
  ASSIGN_OR_RETURN(key.concurrent, Count(value));
  return {};
}
Status SetExpires(AccessKey& key, const JsonValue& value) {
  ASSIGN_OR_RETURN(const std::string text, Text(value));
  ASSIGN_OR_RETURN(key.expires, ParseUtcTime(text));
  return {};
}

struct Member {
  std::string_view name;
  Status (*set)(AccessKey& key, const JsonValue& value);
};
constexpr Member kMembers[] = {
    {"name", SetName},
    {"id", SetId},
    {"sha256", SetDigest},
    {"models", SetModels},
    {"denied_models", SetDeniedModels},
    {"operations", SetRights},
    {"requests_per_second", SetRate},
    {"burst", SetBurst},
    {"concurrent", SetConcurrent},
    {"expires", SetExpires},
};

Expected<AccessKey> ParseKey(const JsonValue& value) {
  if (!value.IsObject()) return InvalidArg("expected an object");
  AccessKey key;
  std::set<std::string_view> seen;
  for (const auto& [name, member] : value.GetObject()) {
    const std::string_view called = JsonText(name);
    const auto* const known =
        std::find_if(std::begin(kMembers), std::end(kMembers), [&](const Member& each) { return each.name == called; });
    if (known == std::end(kMembers)) return InvalidArg("there is no member '{}'", called.substr(0, kMaxName));
    if (!seen.insert(known->name).second) return InvalidArg("'{}' is given twice", called);
    RETURN_IF_ERROR(known->set(key, member).WithContext("'{}'", called));
  }
  for (const std::string_view needed : {"name", "id", "sha256"}) {
    if (!seen.contains(needed)) return InvalidArg("'{}' is missing", needed);
  }
  if (key.burst > 0 && key.requests_per_second == 0) return InvalidArg("'burst' needs 'requests_per_second'");
  return key;
}

}  // namespace

bool IsKeyName(std::string_view name) { return IsWord(name, kMaxName, "._-"); }

Expected<std::vector<AccessKey>> ParseAccessFile(std::string_view text) {
  JsonDocument document;
  RETURN_IF_ERROR(document.Parse(text));
  const JsonValue& root = document.root();
  if (!root.IsObject() || root.MemberCount() != 1 || !root.HasMember("keys") || !root["keys"].IsArray()) {
    return InvalidArg(R"(expected {{"keys": [...]}} and nothing beside it)");
  }
  std::vector<AccessKey> keys;
  std::set<std::string> names, ids;
  for (const JsonValue& value : root["keys"].GetArray()) {
    Expected<AccessKey> key = ParseKey(value);
    if (!key) return key.error().WithContext("key {}", keys.size() + 1);
    if (!names.insert(key->name).second) return InvalidArg("two keys have the name '{}'", key->name);
    if (!ids.insert(key->id).second) return InvalidArg("two keys have the id '{}'", key->id);
    keys.push_back(*std::move(key));
  }
  return keys;
}

namespace {

void AppendMember(std::string& out, std::string_view name, std::string_view json) {
  if (out.back() != '{') out += ", ";
  AppendJsonString(out, name);
  out += ": ";
  out += json;
}

std::string ListText(std::span<const std::string> texts) {
  std::string list = "[";
  for (const std::string& text : texts) {
    if (list.size() > 1) list += ", ";
    AppendJsonString(list, text);
  }
  return list + "]";
}

std::string RightsText(AccessRights rights) {
  if (rights == AccessRights::All()) return R"(["all"])";
  if (rights.empty()) return "[]";
  return R"([")" + rights.ToString(R"(", ")") + R"("])";
}

std::string KeyText(const AccessKey& key) {
  const AccessKey usual;
  std::string out = "{";
  AppendMember(out, "name", JsonQuoted(key.name));
  AppendMember(out, "id", JsonQuoted(key.id));
  AppendMember(out, "sha256", JsonQuoted(ToHex(key.digest)));
  if (key.models != usual.models) AppendMember(out, "models", ListText(key.models));
  if (!key.denied_models.empty()) AppendMember(out, "denied_models", ListText(key.denied_models));
  if (!(key.rights == usual.rights)) AppendMember(out, "operations", RightsText(key.rights));
  if (key.requests_per_second > 0) {
    std::string number;
    AppendJsonDouble(number, key.requests_per_second);
    AppendMember(out, "requests_per_second", number);
  }
  if (key.burst > 0) AppendMember(out, "burst", std::to_string(key.burst));
  if (key.concurrent > 0) AppendMember(out, "concurrent", std::to_string(key.concurrent));
  if (key.expires) AppendMember(out, "expires", JsonQuoted(UtcTimeText(*key.expires)));
  return out + "}";
}

}  // namespace

std::string AccessFileText(std::span<const AccessKey> keys) {
  std::string text = "{\"keys\": [";
  for (size_t i = 0; i < keys.size(); ++i) text += (i == 0 ? "\n  " : ",\n  ") + KeyText(keys[i]);
  return text + (keys.empty() ? "]}\n" : "\n]}\n");
}

Expected<int64_t> ParseUtcTime(std::string_view text) {
  const auto wrong = [&] {
    return InvalidArg("expected a time such as 2027-01-31T12:00:00Z. Got {}", text.substr(0, 40));
  };
  constexpr size_t kDate = 10, kTime = 20;
  if (text.size() != kDate && text.size() != kTime) return wrong();
  constexpr std::string_view kForm = "dddd-dd-ddTdd:dd:ddZ";
  for (size_t i = 0; i < text.size(); ++i) {
    const bool is_digit = text[i] >= '0' && text[i] <= '9';
    if (kForm[i] == 'd' ? !is_digit : text[i] != kForm[i]) return wrong();
  }
  const auto number = [text](size_t at, size_t length) {
    int value = 0;
    for (size_t i = at; i < at + length; ++i) value = value * 10 + (text[i] - '0');
    return value;
  };
  std::tm parts{};
  parts.tm_year = number(0, 4) - 1900;
  parts.tm_mon = number(5, 2) - 1;
  parts.tm_mday = number(8, 2);
  if (text.size() == kTime) {
    parts.tm_hour = number(11, 2);
    parts.tm_min = number(14, 2);
    parts.tm_sec = number(17, 2);
  }
  const std::tm given = parts;
  const int64_t seconds = timegm(&parts);
  // The 31st of February is another day to timegm, and not what was meant.
  if (parts.tm_mon != given.tm_mon || parts.tm_mday != given.tm_mday || parts.tm_hour != given.tm_hour ||
      parts.tm_min != given.tm_min || parts.tm_sec != given.tm_sec) {
    return wrong();
  }
  return seconds;
}

std::string UtcTimeText(int64_t seconds) {
  const auto time = static_cast<std::time_t>(seconds);
  std::tm parts{};
  gmtime_r(&time, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
                     parts.tm_hour, parts.tm_min, parts.tm_sec);
}

}  // namespace neso
