// An operator of a user's own for ONNX Runtime: Twice of the domain "own" makes of x, a tensor of FP32, 2 * x.
#define ORT_API_MANUAL_INIT
#include <onnxruntime_cxx_api.h>

namespace {

struct Kernel {
  void Compute(OrtKernelContext* handle) {
    const Ort::KernelContext context(handle);
    const auto x = context.GetInput(0);
    const auto info = x.GetTensorTypeAndShapeInfo();
    auto y = context.GetOutput(0, info.GetShape());
    const float* from = x.GetTensorData<float>();
    float* to = y.GetTensorMutableData<float>();
    for (size_t i = 0; i < info.GetElementCount(); ++i) to[i] = 2 * from[i];
  }
};

struct Twice : Ort::CustomOpBase<Twice, Kernel> {
  void* CreateKernel(const OrtApi&, const OrtKernelInfo*) const { return new Kernel; }
  const char* GetName() const { return "Twice"; }
  size_t GetInputTypeCount() const { return 1; }
  ONNXTensorElementDataType GetInputType(size_t) const { return ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT; }
  size_t GetOutputTypeCount() const { return 1; }
  ONNXTensorElementDataType GetOutputType(size_t) const { return ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT; }
};

}  // namespace

extern "C" OrtStatus* RegisterCustomOps(OrtSessionOptions* handle, const OrtApiBase* base) {
  Ort::InitApi(base->GetApi(ORT_API_VERSION));
  static const Twice twice;
  static Ort::CustomOpDomain domain("own");
  static const bool is_filled = (domain.Add(&twice), true);
  (void)is_filled;
  Ort::UnownedSessionOptions(handle).Add(domain);
  return nullptr;
}
