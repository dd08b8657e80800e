#include "server/key_command.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <set>

#include "base/read_file.h"
#include "base/replace_file.h"
#include "base/text.h"
#include "frontend/access/access_file.h"
#include "server/option_values.h"

namespace neso {
namespace {

constexpr const char* kUsage =
    "neso key create --file=FILE --name=NAME [--models=PATTERN,...] [--denied-models=PATTERN,...]\n"
    "                [--operations=NAME,...] [--requests-per-second=N] [--burst=N] [--concurrent=N]\n"
    "                [--expires=2027-01-31 | --expires=30d]\n"
    "       neso key list --file=FILE\n"
    "       neso key revoke --file=FILE --name=NAME";

using Given = std::map<std::string, std::string>;

Status Misused(std::string_view reason) { return InvalidArg("{}\nusage: {}", reason, kUsage); }

// "--name=value" or "--name value".
Expected<Given> ParseGiven(const std::vector<std::string>& arguments, const std::set<std::string>& known) {
  Given given;
  for (size_t i = 3; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    const size_t equals = argument.find('=');
    const std::string name = argument.substr(0, equals);
    if (!name.starts_with("--") || !known.contains(name.substr(2))) {
      return Misused(fmt::format("there is no '{}' here", argument));
    }
    if (equals == std::string::npos && i + 1 == arguments.size()) return Misused(name + " needs a value");
    const std::string value = equals == std::string::npos ? arguments[++i] : argument.substr(equals + 1);
    if (!given.emplace(name.substr(2), value).second) return Misused(name + " is given twice");
  }
  return given;
}

Expected<std::string> Needed(const Given& given, const char* name) {
  const auto found = given.find(name);
  if (found == given.end() || found->second.empty()) return Misused(fmt::format("--{} is needed", name));
  return found->second;
}

// One command at a time changes the file: it holds the folder meanwhile, since the file itself is replaced.
class FolderLock {
 public:
  explicit FolderLock(const std::filesystem::path& file)
      : fd_(open(file.has_parent_path() ? file.parent_path().c_str() : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    if (fd_ >= 0) flock(fd_, LOCK_EX);
  }
  ~FolderLock() {
    if (fd_ >= 0) close(fd_);
  }
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  const int fd_;
};

// None for a file that is not there yet.
Expected<std::vector<AccessKey>> ReadKeys(const std::string& file) {
  ASSIGN_OR_RETURN(const std::optional<std::string> text, ReadFileIfThere(file, kMaxAccessFileBytes));
  if (!text) return std::vector<AccessKey>();
  Expected<std::vector<AccessKey>> keys = ParseAccessFile(*text);
  if (!keys) return Unavailable("{}: {}", file, keys.error().message());
  return keys;
}

std::vector<std::string> List(const std::string& value) {
  std::vector<std::string> list;
  for (const std::string_view piece : Split(value, ',')) list.emplace_back(piece);
  return list;
}

// A day as the file has it, or a number of days from now.
Expected<int64_t> ParseExpiry(const std::string& text) {
  if (!text.ends_with('d')) return ParseUtcTime(text);
  uint32_t days = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size() - 1, days);
  if (error != std::errc() || end != text.data() + text.size() - 1 || days == 0 || days > 36500) {
    return InvalidArg("expected a day such as 2027-01-31, or a number of days such as 30d. Got {}", text);
  }
  const auto now = std::chrono::system_clock::now() + std::chrono::hours(24) * days;
  return std::chrono::system_clock::to_time_t(now);
}

Status Fill(const Given& given, AccessKey& key) {
  for (const auto& [name, value] : given) {
    const auto wrong = [&name = name](const Status& status) { return status.WithContext("--{}", name); };
    if (name == "models") key.models = List(value);
    if (name == "denied-models") key.denied_models = List(value);
    if (name == "operations") {
      key.rights = {};
      for (const std::string& operation : List(value)) {
        const std::optional<AccessRights> rights = AccessRightsFromName(operation);
        if (!rights) {
          return wrong(InvalidArg("there is no operation '{}'; expected all, or some of {}", operation,
                                  AccessRights::All().ToString()));
        }
        key.rights.Add(*rights);
      }
    }
    if (name == "requests-per-second") {
      const Expected<double> rate = ParseValue<double>(value);
      if (!rate) return wrong(rate.error());
      if (!(*rate > 0)) return wrong(InvalidArg("expected a number above 0. Got {}", value));
      key.requests_per_second = *rate;
    }
    if (name == "burst" || name == "concurrent") {
      const Expected<unsigned> count = ParseValue<unsigned>(value);
      if (!count) return wrong(count.error());
      if (*count == 0) return wrong(InvalidArg("expected a whole number from 1. Got {}", value));
      (name == "burst" ? key.burst : key.concurrent) = *count;
    }
    if (name == "expires") {
      const Expected<int64_t> expires = ParseExpiry(value);
      if (!expires) return wrong(expires.error());
      key.expires = *expires;
    }
  }
  return {};
}

Expected<std::string> Create(const std::vector<std::string>& arguments) {
  ASSIGN_OR_RETURN(const Given given, ParseGiven(arguments, {"file", "name", "models", "denied-models", "operations",
                                                             "requests-per-second", "burst", "concurrent", "expires"}));
  ASSIGN_OR_RETURN(const std::string file, Needed(given, "file"));
  AccessKey key;
  ASSIGN_OR_RETURN(key.name, Needed(given, "name"));
  RETURN_IF_ERROR(Fill(given, key));
  NewToken made = MakeToken();
  key.id = made.id;
  key.digest = made.digest;
  // What a server would not take is not written.
  if (const auto readable = ParseAccessFile(AccessFileText(std::span(&key, 1))); !readable) return readable.error();
  const FolderLock lock(file);
  ASSIGN_OR_RETURN(std::vector<AccessKey> keys, ReadKeys(file));
  keys.push_back(std::move(key));
  const std::string text = AccessFileText(keys);
  if (const auto readable = ParseAccessFile(text); !readable) return Unavailable("{}", readable.error().message());
  RETURN_IF_ERROR(ReplaceFile(file, text));
  return made.token + "\n";
}

Expected<std::string> ListKeys(const std::vector<std::string>& arguments) {
  ASSIGN_OR_RETURN(const Given given, ParseGiven(arguments, {"file"}));
  ASSIGN_OR_RETURN(const std::string file, Needed(given, "file"));
  if (!std::filesystem::exists(file)) return NotFound("there is no '{}'", file);
  ASSIGN_OR_RETURN(const std::vector<AccessKey> keys, ReadKeys(file));
  std::string text = fmt::format("{:<20} {:<12} {:<20} {:<24} {}\n", "NAME", "ID", "EXPIRES", "MODELS", "OPERATIONS");
  for (const AccessKey& key : keys) {
    std::string models = Join(key.models, ",");
    for (const std::string& denied : key.denied_models) models += ",!" + denied;
    text += fmt::format("{:<20} {:<12} {:<20} {:<24} {}\n", key.name, key.id,
                        key.expires ? UtcTimeText(*key.expires) : "never", models,
                        key.rights == AccessRights::All() ? "all" : key.rights.ToString());
  }
  return text;
}

Expected<std::string> Revoke(const std::vector<std::string>& arguments) {
  ASSIGN_OR_RETURN(const Given given, ParseGiven(arguments, {"file", "name"}));
  ASSIGN_OR_RETURN(const std::string file, Needed(given, "file"));
  ASSIGN_OR_RETURN(const std::string name, Needed(given, "name"));
  const FolderLock lock(file);
  ASSIGN_OR_RETURN(std::vector<AccessKey> keys, ReadKeys(file));
  if (std::erase_if(keys, [&name](const AccessKey& key) { return key.name == name; }) == 0) {
    return NotFound("there is no key '{}' in {}", name, file);
  }
  RETURN_IF_ERROR(ReplaceFile(file, AccessFileText(keys)));
  return fmt::format("the key '{}' is revoked\n", name);
}

}  // namespace

Expected<std::string> RunKeyCommand(const std::vector<std::string>& arguments) {
  const std::string what = arguments.size() > 2 ? arguments[2] : "";
  if (what == "create") return Create(arguments);
  if (what == "list") return ListKeys(arguments);
  if (what == "revoke") return Revoke(arguments);
  return Misused("expected create, list or revoke");
}

}  // namespace neso
