#include "package.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <torch/csrc/inductor/aoti_package/model_package_loader.h>

#include <atomic>
#include <exception>
#include <utility>
#include <vector>

#include "gpu.h"
#include "tensors.h"
#include "threads.h"
#include "torch_call.h"

namespace neso::pytorch {
namespace {

using torch::inductor::AOTIModelPackageLoader;

class LoadedPackage final : public Package {
 public:
  LoadedPackage(std::unique_ptr<AOTIModelPackageLoader> loader, c10::Device device, bool batches, CallNames names)
      : device_(device),
        returns_memory_(device),
        loader_(std::move(loader)),
        batches_(batches),
        names_(std::move(names)) {}

  const CallNames& names() const override { return names_; }

  Result<std::unique_ptr<Results>> Run(std::span<const Argument> arguments, bool, const std::string& failure) override {
    std::unique_ptr<Results> results;
    NESO_RETURN_IF_ERROR(TryTorch(failure, [&] {
      const ThreadShare share;
      const c10::InferenceMode inference_mode;
      std::vector<at::Tensor> inputs;
      for (const Argument& argument : arguments) inputs.push_back(MakeTensor(argument, device_, false));
      results = MakeResults(RunRows(inputs), failure);
      WaitFor(device_);
    }));
    return results;
  }

 private:
  // torch.export takes a dimension that may vary to be two at least, and packages check it. They compute right with one, but
  // without that check they would also read beyond an input that is too small. Not every PyTorch says why it refuses: so
  // what fails with one row is tried with two.
  std::vector<c10::IValue> RunRows(const std::vector<at::Tensor>& inputs) {
    const bool one_row = batches_ && !inputs.empty() && inputs[0].dim() > 0 && inputs[0].size(0) == 1;
    if (one_row && doubles_one_row_) return RunDoubled(inputs);
    std::exception_ptr refused;
    try {
      return Values(loader_->run(inputs));
    } catch (const std::exception&) {
      if (!one_row) throw;
      refused = std::current_exception();
    }
    try {
      std::vector<c10::IValue> values = RunDoubled(inputs);
      doubles_one_row_ = true;
      return values;
    } catch (const std::exception&) {
      std::rethrow_exception(refused);
    }
  }

  std::vector<c10::IValue> RunDoubled(const std::vector<at::Tensor>& inputs) {
    std::vector<at::Tensor> doubled;
    for (const at::Tensor& input : inputs) doubled.push_back(at::cat({input, input}));
    std::vector<at::Tensor> outputs = loader_->run(doubled);
    for (at::Tensor& output : outputs) {
      if (output.dim() > 0 && output.size(0) == 2) output = output.narrow(0, 0, 1);
    }
    return Values(std::move(outputs));
  }

  static std::vector<c10::IValue> Values(std::vector<at::Tensor> tensors) {
    return {std::make_move_iterator(tensors.begin()), std::make_move_iterator(tensors.end())};
  }

  const c10::Device device_;
  const ReturnsMemory returns_memory_;
  const std::unique_ptr<AOTIModelPackageLoader> loader_;
  const bool batches_;
  const CallNames names_;
  std::atomic<bool> doubles_one_row_{false};  // found out by the first run
};

}  // namespace

Result<std::shared_ptr<Package>> Package::Load(const std::string& path, size_t runs, std::optional<int> gpu,
                                               bool batches, const std::string& failure) {
  std::unique_ptr<AOTIModelPackageLoader> loader;
  std::vector<std::string> specification;
  NESO_RETURN_IF_ERROR(TryTorch(failure, [&] {
    const c10::InferenceMode inference_mode;
    loader = std::make_unique<AOTIModelPackageLoader>(path, "model", /*run_single_threaded=*/false, runs,
                                                      static_cast<c10::DeviceIndex>(gpu.value_or(-1)));
    specification = loader->get_call_spec();
    TORCH_CHECK(specification.size() == 2, "the package says nothing of its inputs and outputs");
  }));
  Result<CallNames> names = ReadCallSpec(specification[0], specification[1]);
  if (!names) return Status::Internal(failure, names.status().message());
  const c10::Device device =
      gpu ? c10::Device(c10::kCUDA, static_cast<c10::DeviceIndex>(*gpu)) : c10::Device(c10::kCPU);
  return std::shared_ptr<Package>(
      std::make_shared<LoadedPackage>(std::move(loader), device, batches, std::move(*names)));
}

}  // namespace neso::pytorch
