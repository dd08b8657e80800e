// neso keygen, neso sign, neso verify.
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "folder.h"
#include "neso/agent/signature_command.h"
#include "neso/backend/guard.h"
#include "signature.h"

namespace neso::signature {
namespace {

// "--<name>=<value>", "--<name> <value>" and other words of a command.
struct Arguments {
  std::vector<std::string> values;  // of the one option there is
  std::vector<std::string> words;
};

Result<Arguments> ArgumentsOf(std::span<const char* const> given, std::string_view option, const char* usage) {
  Arguments arguments;
  const std::string name = "--" + std::string(option);
  const std::string prefix = name + "=";
  for (size_t i = 0; i < given.size(); ++i) {
    const std::string text = given[i];
    if (!option.empty() && text.starts_with(prefix)) {
      arguments.values.push_back(text.substr(prefix.size()));
    } else if (!option.empty() && text == name && i + 1 < given.size()) {
      arguments.values.emplace_back(given[++i]);
    } else if (text.starts_with("-")) {
      return Status::InvalidArg("unexpected '", text, "'; expected: ", usage);
    } else {
      arguments.words.push_back(text);
    }
  }
  if (arguments.words.empty() || (!option.empty() && arguments.values.empty())) {
    return Status::InvalidArg("expected: ", usage);
  }
  return arguments;
}

Status KeyGen(std::span<const char* const> given) {
  NESO_ASSIGN_OR_RETURN(const Arguments arguments, ArgumentsOf(given, "", "neso keygen KEY-FILE"));
  if (arguments.words.size() != 1) return Status::InvalidArg("expected: neso keygen KEY-FILE");
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

Status Sign(std::span<const char* const> given) {
  NESO_ASSIGN_OR_RETURN(const Arguments arguments,
                        ArgumentsOf(given, "key", "neso sign --key=KEY-FILE... MODEL-FOLDER..."));
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

Status Verify(std::span<const char* const> given) {
  NESO_ASSIGN_OR_RETURN(const Arguments arguments,
                        ArgumentsOf(given, "keys", "neso verify --keys=PUBLIC-KEY-FILE... MODEL-FOLDER..."));
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

Status RunCommand(std::string_view command, std::span<const char* const> arguments) {
  if (command == "keygen") return KeyGen(arguments);
  if (command == "sign") return Sign(arguments);
  if (command == "verify") return Verify(arguments);
  return Status::InvalidArg("there is no command '", command, "'");
}

}  // namespace
}  // namespace neso::signature

int NESOSIGNATURE_Command(int count, const char* const* words) {
  const std::span all(words, static_cast<size_t>(count));
  const neso::backend::Status done = neso::backend::internal::Guard(
      [&] { return neso::signature::RunCommand(all.empty() ? "" : all[0], all.subspan(all.empty() ? 0 : 1)); });
  if (done.ok()) return 0;
  std::fprintf(stderr, "error: %s\n", std::string(done.message()).c_str());
  return 1;
}
