// The floor of every ONNX benchmark: the runtime alone, one thread, in a loop.
//
//   bare_onnx model.onnx <features> <batch> <seconds>     prints microseconds a row
#include <onnxruntime_cxx_api.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: bare_onnx model.onnx features batch seconds\n");
    return 2;
  }
  const int64_t features = std::atol(argv[2]);
  const int64_t batch = std::atol(argv[3]);
  Ort::Env env(ORT_LOGGING_LEVEL_WARNING, "bare_onnx");
  Ort::SessionOptions options;
  options.SetIntraOpNumThreads(1);
  options.SetInterOpNumThreads(1);
  Ort::Session session(env, argv[1], options);
  Ort::AllocatorWithDefaultOptions allocator;
  const auto input_name = session.GetInputNameAllocated(0, allocator);
  const auto output_name = session.GetOutputNameAllocated(0, allocator);
  const char* inputs[] = {input_name.get()};
  const char* outputs[] = {output_name.get()};

  std::vector<float> data(static_cast<size_t>(batch * features), 0.5f);
  const int64_t shape[] = {batch, features};
  const auto memory = Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault);
  Ort::Value input = Ort::Value::CreateTensor<float>(memory, data.data(), data.size(), shape, 2);

  using Clock = std::chrono::steady_clock;
  const auto limit = std::chrono::duration<double>(std::atof(argv[4]));
  for (int i = 0; i < 50; ++i) session.Run({}, inputs, &input, 1, outputs, 1);
  const auto start = Clock::now();
  int64_t runs = 0;
  while (Clock::now() - start < limit) {
    for (int i = 0; i < 20; ++i) session.Run({}, inputs, &input, 1, outputs, 1);
    runs += 20;
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  std::printf("%.3f\n", seconds * 1e6 / static_cast<double>(runs * batch));
  return 0;
}
