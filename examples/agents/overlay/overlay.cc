// The repository agent `overlay`: a model as it lies in the repository, with the files of other folders laid over it.
//
//   model_repository_agents { agents [ { name: "overlay" parameters { key: "over" value: "/etc/models/site" } } ] }
#include <filesystem>
#include <string>

#include "neso/agent/agent.h"

namespace {

namespace fs = std::filesystem;
using neso::agent::Status;

class Overlay final : public neso::agent::ModelAgent {
 public:
  Status Load(neso::agent::Model& model) override {
    NESO_ASSIGN_OR_RETURN(const std::string from, model.Folder());
    NESO_ASSIGN_OR_RETURN(const std::string to, model.AcquireFolder());
    NESO_ASSIGN_OR_RETURN(const neso::agent::Model::Parameters parameters, model.AllParameters());
    fs::copy(from, to, fs::copy_options::recursive);
    for (const auto& [name, folder] : parameters) {
      if (name != "over") return Status::InvalidArg("overlay: expected 'over' with a folder, got '", name, "'");
      fs::copy(folder, to, fs::copy_options::recursive | fs::copy_options::overwrite_existing);
    }
    return model.UseFolder(to);
  }
};

}  // namespace

NESO_REPOSITORY_AGENT(Overlay)
