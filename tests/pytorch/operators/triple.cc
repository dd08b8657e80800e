// An operator of a user.
#include <ATen/ATen.h>
#include <torch/library.h>

namespace {

at::Tensor Triple(const at::Tensor& x) { return x * 3; }

}  // namespace

TORCH_LIBRARY(neso_test, library) { library.def("triple", &Triple); }
