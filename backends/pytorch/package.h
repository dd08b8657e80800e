// Packages of AOTInductor: a model compiled to a library, in an archive with its weights.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "call_spec.h"
#include "program.h"

namespace neso::pytorch {

class Package : public Program {
 public:
  // From the file `path`, for up to `runs` runs at once; `gpu`: compiled for that one. Errors: INTERNAL
  // "<failure><what PyTorch says>".
  static Result<std::shared_ptr<Package>> Load(const std::string& path, size_t runs, std::optional<int> gpu,
                                               bool batches, const std::string& failure);
  virtual const CallNames& names() const = 0;
};

}  // namespace neso::pytorch
