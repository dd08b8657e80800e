// neso keygen, neso sign, neso verify.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "folder.h"
#include "neso/agent/signature_command.h"
#include "neso/backend/guard.h"
#include "signature.h"

namespace neso::signature {
namespace {

// Exit codes.
constexpr int kCommandFailed = 1;       // of what was asked for
constexpr int kCommandLineMisused = 2;  // it cannot be meant

// "--<name>=<value>", "--<name> <value>" and other words of a command.
struct Arguments {
  std::vector<std::string> values;  // of the one option there is
  std::vector<std::string> words;
};

struct Command {
  std::string_view name;
  std::string_view option;  // empty: it has none
  size_t most_words;
  const char* usage;
  Status (*run)(const Arguments& arguments);
};

// Error: with what was expected.
Result<Arguments> ArgumentsOf(std::span<const char* const> given, const Command& command) {
  Arguments arguments;
  const std::string name = "--" + std::string(command.option);
  const std::string prefix = name + "=";
  const bool has_option = !command.option.empty();
  for (size_t i = 0; i < given.size(); ++i) {
    const std::string text = given[i];
    if (has_option && text.starts_with(prefix)) {
      arguments.values.push_back(text.substr(prefix.size()));
    } else if (has_option && text == name && i + 1 < given.size()) {
      arguments.values.emplace_back(given[++i]);
    } else if (text.starts_with("-")) {
      return Status::InvalidArg("unexpected '", text, "'; expected: ", command.usage);
    } else {
      arguments.words.push_back(text);
    }
  }
  const size_t words = arguments.words.size();
  if (words == 0 || words > command.most_words || (has_option && arguments.values.empty())) {
    return Status::InvalidArg("expected: ", command.usage);
  }
  return arguments;
}

Status KeyGen(const Arguments& arguments) {
  const std::string& path = arguments.words[0];
  NESO_ASSIGN_OR_RETURN(const Key key, MakeKey());
  NESO_ASSIGN_OR_RETURN(const std::string id, key.Id());
  NESO_ASSIGN_OR_RETURN(const std::string secret, key.PrivatePem());
  NESO_ASSIGN_OR_RETURN(const std::string known, key.PublicPem());
  // The private one first: if that is not to be had, nobody needs the other.
  NESO_RETURN_IF_ERROR(WriteNewFile(path, secret, 0600).Release());
  NESO_RETURN_IF_ERROR(WriteNewFile(path + ".pub", known, 0644).Release());
  std::printf("key %s: '%s' signs, and is yours alone; '%s.pub' verifies, and is for servers\n", id.c_str(),
              path.c_str(), path.c_str());
  return {};
}

Status Sign(const Arguments& arguments) {
  std::vector<Key> keys;
  for (const std::string& path : arguments.values) {
    NESO_ASSIGN_OR_RETURN(Key key, ReadPrivateKey(path));
    keys.push_back(std::move(key));
  }
  for (const std::string& folder : arguments.words) {
    NESO_RETURN_IF_ERROR(SignFolder(folder, keys).Release());
    std::printf("'%s' is signed\n", folder.c_str());
  }
  return {};
}

Status Verify(const Arguments& arguments) {
  std::vector<Key> keys;
  for (const std::string& path : arguments.values) {
    NESO_ASSIGN_OR_RETURN(std::vector<Key> more, ReadPublicKeys(path));
    for (Key& key : more) keys.push_back(std::move(key));
  }
  // All of them are looked at, so that one call tells of all.
  bool is_wrong = false;
  for (const std::string& folder : arguments.words) {
    const Result<std::string> signer = VerifyFolder(folder, keys, nullptr);
    if (signer.ok()) {
      std::printf("'%s' is as key %s has signed it\n", folder.c_str(), signer->c_str());
    } else {
      std::fprintf(stderr, "error: %s\n", std::string(signer.status().message()).c_str());
      is_wrong = true;
    }
  }
  return is_wrong ? Status::InvalidArg("not every model is as it was signed") : Status();
}

constexpr Command kCommands[] = {
    {"keygen", "", 1, "neso keygen KEY-FILE", KeyGen},
    {"sign", "key", SIZE_MAX, "neso sign --key=KEY-FILE... MODEL-FOLDER...", Sign},
    {"verify", "keys", SIZE_MAX, "neso verify --keys=PUBLIC-KEY-FILE... MODEL-FOLDER...", Verify},
};

int Complain(const Status& status, int exit_code) {
  if (status.ok()) return 0;
  std::fprintf(stderr, "error: %s\n", std::string(status.message()).c_str());
  return exit_code;
}

int RunCommand(std::string_view name, std::span<const char* const> given) {
  const auto* const command = std::ranges::find(kCommands, name, &Command::name);
  if (command == std::end(kCommands))
    return Complain(Status::InvalidArg("there is no command '", name, "'"), kCommandLineMisused);
  const Result<Arguments> arguments = ArgumentsOf(given, *command);
  if (!arguments.ok()) return Complain(arguments.status(), kCommandLineMisused);
  return Complain(command->run(*arguments), kCommandFailed);
}

}  // namespace
}  // namespace neso::signature

int NESOSIGNATURE_Command(int count, const char* const* words) {
  using namespace neso::signature;
  const std::span all(words, static_cast<size_t>(count));
  int exit_code = kCommandFailed;
  const neso::backend::Status done = neso::backend::internal::Guard([&] {
    exit_code = RunCommand(all.empty() ? "" : all[0], all.subspan(all.empty() ? 0 : 1));
    return neso::backend::Status();
  });
  return done.ok() ? exit_code : Complain(done, kCommandFailed);
}
