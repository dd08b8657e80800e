// Models of TorchScript: what torch.jit.save writes.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "options.h"
#include "program.h"

namespace neso::pytorch {

class TorchScript : public Program {
 public:
  // From the file `path`; `gpu`: to that one; tensors stay where the file says if there is none and `keep_devices`.
  // Errors: INTERNAL "failed to load model '<model>': ..." when PyTorch cannot read it.
  static Result<std::shared_ptr<TorchScript>> Load(const std::string& path, const std::string& model,
                                                   const Options& options, std::optional<int> gpu, bool keep_devices);
  // Of forward(), without self.
  virtual const std::vector<ForwardArgument>& arguments() const = 0;
};

}  // namespace neso::pytorch
