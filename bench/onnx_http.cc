// The floor of serving an ONNX model: the runtime with its own default threads behind a bare epoll loop. What it loses beside
// the runtime's own loop, sockets and the client take from the same processors.
//
//   onnx_http PORT model.onnx CHANNELS HEIGHT WIDTH
//
// A body ends with the tensor, whole images of these dimensions; what stands before it is not read.
#include <onnxruntime_cxx_api.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "epoll_http.h"

namespace {

class Model {
 public:
  Model(const char* path, std::vector<int64_t> image)
      : session_(env_, path, Ort::SessionOptions()), shape_(std::move(image)), image_floats_(1) {
    for (const int64_t dimension : shape_) image_floats_ *= static_cast<size_t>(dimension);
    shape_.insert(shape_.begin(), 0);
    Ort::AllocatorWithDefaultOptions allocator;
    input_ = session_.GetInputNameAllocated(0, allocator).get();
    output_ = session_.GetOutputNameAllocated(0, allocator).get();
  }

  // What the model makes of the images at the end of `body`; valid until the next call.
  std::string_view Run(std::string_view body) {
    const size_t images = body.size() / (image_floats_ * sizeof(float));
    tensor_.resize(images * image_floats_);
    const size_t size = tensor_.size() * sizeof(float);
    std::memcpy(tensor_.data(), body.data() + body.size() - size, size);
    shape_[0] = static_cast<int64_t>(images);
    const Ort::Value input =
        Ort::Value::CreateTensor<float>(memory_, tensor_.data(), tensor_.size(), shape_.data(), shape_.size());
    const char* inputs[] = {input_.c_str()};
    const char* outputs[] = {output_.c_str()};
    result_ = session_.Run({}, inputs, &input, 1, outputs, 1);
    const size_t floats = result_[0].GetTensorTypeAndShapeInfo().GetElementCount();
    return {reinterpret_cast<const char*>(result_[0].GetTensorData<float>()), floats * sizeof(float)};
  }

 private:
  Ort::Env env_{ORT_LOGGING_LEVEL_WARNING, "onnx_http"};
  Ort::Session session_;
  const Ort::MemoryInfo memory_ = Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault);
  std::string input_;
  std::string output_;
  std::vector<int64_t> shape_;
  size_t image_floats_;
  std::vector<float> tensor_;  // aligned, which a body's end need not be
  std::vector<Ort::Value> result_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) {
    std::fprintf(stderr, "usage: onnx_http PORT model.onnx CHANNELS HEIGHT WIDTH\n");
    return 2;
  }
  Model model(argv[2], {std::atol(argv[3]), std::atol(argv[4]), std::atol(argv[5])});
  return bench::ServeHttp(argc, argv, [&model](std::string_view body, std::string&) { return model.Run(body); });
}
