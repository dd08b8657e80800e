// The repository agent `signature`: a model is loaded only if its folder is what the holder of a trusted key has signed.
//
// Parameters: `keys`, a file with the public keys that are trusted; `copy`, "true" to have the model loaded from a private
// copy, made of what was checked. A server that demands it of all models names them on its command line
// (--repoagent-config=signature,keys=FILE), where no model can change them.
#include <memory>
#include <string>

#include "neso/agent/agent.h"
#include "signature.h"

namespace neso::signature {
namespace {

struct Settings {
  std::string keys;
  bool copy = false;
};

Result<Settings> SettingsOf(const agent::Model& model) {
  Settings settings;
  NESO_ASSIGN_OR_RETURN(const agent::Model::Parameters parameters, model.AllParameters());
  for (const auto& [name, value] : parameters) {
    if (name == "keys") {
      settings.keys = value;
    } else if (name == "copy" && (value == "true" || value == "false")) {
      settings.copy = value == "true";
    } else {
      return Status::InvalidArg("agent 'signature': expected 'keys', or 'copy' with 'true' or 'false', got '", name,
                                "' with '", value, "'");
    }
  }
  if (settings.keys.empty()) {
    return Status::InvalidArg("agent 'signature': expected 'keys', the file of the public keys that are trusted");
  }
  return settings;
}

class SignatureAgent final : public agent::ModelAgent {
 public:
  Status Load(agent::Model& model) override {
    NESO_ASSIGN_OR_RETURN(const Settings settings, SettingsOf(model));
    NESO_ASSIGN_OR_RETURN(const std::string folder, model.Folder());
    // At each load, so that keys come and go without a restart.
    NESO_ASSIGN_OR_RETURN(const std::vector<Key> keys, ReadPublicKeys(settings.keys));
    std::string copy;
    if (settings.copy) {
      NESO_ASSIGN_OR_RETURN(copy, model.AcquireFolder());
    }
    NESO_ASSIGN_OR_RETURN(const std::string signer, VerifyFolder(folder, keys, settings.copy ? &copy : nullptr));
    NESO_LOG_INFO("'", folder, "' is as key ", signer, " has signed it");
    if (settings.copy) return model.UseFolder(copy);
    return {};
  }
};

}  // namespace
}  // namespace neso::signature

NESO_REPOSITORY_AGENT(neso::signature::SignatureAgent)
