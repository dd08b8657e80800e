// A model of the PyTorch backend: its options, and what its instances run.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "naming.h"
#include "neso/backend/backend.h"
#include "options.h"
#include "package.h"
#include "program.h"
#include "torchscript.h"

namespace neso::pytorch {

// What an instance runs, and how.
struct Served {
  std::shared_ptr<Program> program;
  Binding binding;
};

class PyTorchModel final : public backend::Model {
 public:
  static Status InitializeBackend(const backend::Backend& backend);
  static Status DescribeBackend(const backend::Backend&, TRITONBACKEND_BackendAttribute* attributes);

  Status Initialize();
  // Any thread. A module of TorchScript is the instance's own unless weights are shared; a package serves all instances of
  // one device.
  Result<Served> Serve(const backend::InstanceBase& instance);

  // Whether it is a package of AOTInductor, and not TorchScript.
  bool is_package() const { return is_package_; }

 private:
  template <typename ProgramType>
  using Shared = std::vector<std::pair<std::optional<int>, std::weak_ptr<ProgramType>>>;  // by GPU; none: the CPU's

  Status ReadDocument(const rapidjson::Document& document);
  Status CheckSequences(const std::string& instance) const;
  std::string FilePath(const char* usual_name) const;
  Status CheckFile(const std::string& path) const;
  Result<std::shared_ptr<TorchScript>> ModuleOf(const backend::InstanceBase& instance);
  Result<std::shared_ptr<TorchScript>> LoadModule(const backend::InstanceBase& instance) const;
  Result<std::shared_ptr<Package>> PackageOf(const backend::InstanceBase& instance);
  Result<std::shared_ptr<Package>> LoadPackage(const backend::InstanceBase& instance) const;

  bool is_package_ = false;
  bool has_sequences_ = false;
  Options options_;
  std::mutex mutex_;  // guards what follows; held while something shared is loaded: who wants it waits for it anyway
  Shared<TorchScript> modules_;
  Shared<Package> packages_;
};

}  // namespace neso::pytorch
