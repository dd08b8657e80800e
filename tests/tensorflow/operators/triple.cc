// An operation of a user's for TensorFlow: "NesoTriple" gives three times its input, of FP32.
#include <tensorflow/c/c_api.h>

// Declared here: the headers that have them bring those of pluggable devices along.
extern "C" {
struct TF_OpDefinitionBuilder;
struct TF_ShapeInferenceContext;
struct TF_KernelBuilder;
struct TF_OpKernelConstruction;
struct TF_OpKernelContext;
TF_OpDefinitionBuilder* TF_NewOpDefinitionBuilder(const char* name);
void TF_OpDefinitionBuilderAddInput(TF_OpDefinitionBuilder* builder, const char* spec);
void TF_OpDefinitionBuilderAddOutput(TF_OpDefinitionBuilder* builder, const char* spec);
void TF_OpDefinitionBuilderSetShapeInferenceFunction(TF_OpDefinitionBuilder* builder,
                                                     void (*infer)(TF_ShapeInferenceContext*, TF_Status*));
void TF_ShapeInferenceContextSetUnknownShape(TF_ShapeInferenceContext* context, TF_Status* status);
void TF_RegisterOpDefinition(TF_OpDefinitionBuilder* builder, TF_Status* status);
TF_KernelBuilder* TF_NewKernelBuilder(const char* op, const char* device, void* (*create)(TF_OpKernelConstruction*),
                                      void (*compute)(void*, TF_OpKernelContext*), void (*destroy)(void*));
void TF_RegisterKernelBuilder(const char* name, TF_KernelBuilder* builder, TF_Status* status);
void TF_GetInput(TF_OpKernelContext* context, int index, TF_Tensor** tensor, TF_Status* status);
TF_Tensor* TF_AllocateOutput(TF_OpKernelContext* context, int index, TF_DataType type, const int64_t* dims, int rank,
                             size_t byte_size, TF_Status* status);
}

namespace {

void Compute(void*, TF_OpKernelContext* context) {
  TF_Status* const status = TF_NewStatus();
  TF_Tensor* input = nullptr;
  TF_GetInput(context, 0, &input, status);
  int64_t dims[8] = {};
  const int rank = TF_NumDims(input);
  for (int i = 0; i < rank && i < 8; ++i) dims[i] = TF_Dim(input, i);
  TF_Tensor* const output = TF_AllocateOutput(context, 0, TF_FLOAT, dims, rank, TF_TensorByteSize(input), status);
  const auto* const from = static_cast<const float*>(TF_TensorData(input));
  auto* const to = static_cast<float*>(TF_TensorData(output));
  for (int64_t i = 0; i < TF_TensorElementCount(input); ++i) to[i] = 3 * from[i];
  TF_DeleteTensor(input);
  TF_DeleteTensor(output);
  TF_DeleteStatus(status);
}

const bool is_registered = [] {
  TF_Status* const status = TF_NewStatus();
  TF_OpDefinitionBuilder* const definition = TF_NewOpDefinitionBuilder("NesoTriple");
  TF_OpDefinitionBuilderAddInput(definition, "x: float");
  TF_OpDefinitionBuilderAddOutput(definition, "y: float");
  TF_OpDefinitionBuilderSetShapeInferenceFunction(definition, &TF_ShapeInferenceContextSetUnknownShape);
  TF_RegisterOpDefinition(definition, status);
  TF_RegisterKernelBuilder("NesoTriple", TF_NewKernelBuilder("NesoTriple", "CPU", nullptr, &Compute, nullptr), status);
  TF_DeleteStatus(status);
  return true;
}();

}  // namespace
