// TensorFlow's C interface, opened at run time, and owners for what it hands out.
//
//   NESO_RETURN_IF_ERROR(OpenLibrary(folder));
//   NESO_RETURN_IF_ERROR(TryTf([&](TF_Status* status) { graph = Tf().GraphImport(..., status); }));
//
// Only this interface is used: no C++ type of TensorFlow's, and no protobuf, crosses the border, so that its copies of
// these stay its own.
#pragma once

#include <tensorflow/c/c_api.h>

#include <memory>
#include <string>

#include "neso/backend/status.h"

namespace neso::tensorflow {

using backend::Result;
using backend::Status;

// The functions that are used. Texts need none: tf_tstring.h has them in the header.
#define NESO_TF_FUNCTIONS(f)                                                                                          \
  f(AllocateTensor) f(CloseSession) f(DeleteBuffer) f(DeleteGraph) f(DeleteImportGraphDefOptions)                     \
      f(DeleteLibraryHandle) f(DeleteSession) f(DeleteSessionOptions) f(DeleteStatus) f(DeleteTensor) f(Dim)          \
          f(ExtendSession) f(GetAllOpList) f(GetCode) f(GraphImportGraphDef) f(GraphNextOperation)                    \
              f(GraphOperationByName) f(LoadLibrary) f(LoadSessionFromSavedModel) f(Message) f(NewBuffer) f(NewGraph) \
                  f(NewImportGraphDefOptions) f(NewSession) f(NewSessionOptions) f(NewStatus) f(NewTensor) f(NumDims) \
                      f(OperationName) f(OperationNumOutputs) f(OperationOpType) f(OperationOutputType) f(SessionRun) \
                          f(SetConfig) f(TensorByteSize) f(TensorData) f(TensorType) f(Version)

struct TfFunctions {
#define NESO_TF_MEMBER(name) decltype(&::TF_##name) name = nullptr;
  NESO_TF_FUNCTIONS(NESO_TF_MEMBER)
#undef NESO_TF_MEMBER
};

// Opens libtensorflow_cc.so.2 in `folder`, once; it stays open. Errors: UNAVAILABLE, naming what to install; UNSUPPORTED if
// it lacks a function.
Status OpenLibrary(const std::string& folder);

// Valid after OpenLibrary().
const TfFunctions& Tf();

struct TfDeleter {
  void operator()(TF_Buffer* buffer) const { Tf().DeleteBuffer(buffer); }
  void operator()(TF_Graph* graph) const { Tf().DeleteGraph(graph); }
  void operator()(TF_ImportGraphDefOptions* options) const { Tf().DeleteImportGraphDefOptions(options); }
  void operator()(TF_Library* library) const { Tf().DeleteLibraryHandle(library); }
  void operator()(TF_SessionOptions* options) const { Tf().DeleteSessionOptions(options); }
  void operator()(TF_Status* status) const { Tf().DeleteStatus(status); }
  void operator()(TF_Tensor* tensor) const { Tf().DeleteTensor(tensor); }
};
using GraphPtr = std::unique_ptr<TF_Graph, TfDeleter>;
using TensorPtr = std::unique_ptr<TF_Tensor, TfDeleter>;
template <typename T>
using TfPtr = std::unique_ptr<T, TfDeleter>;

// What TensorFlow's words stand for: whose fault it is, as far as it says.
Status ToStatus(const TF_Status& status);

// Calls `call(TF_Status*)`; its error, if it is one.
template <typename Call>
Status TryTf(const Call& call) {
  const TfPtr<TF_Status> status(Tf().NewStatus());
  call(status.get());
  return ToStatus(*status);
}

}  // namespace neso::tensorflow
