// Classifies pictures with a model that takes them as FP32 [3, height, width] or [height, width, 3]:
//   image_client -m <model> [-s NONE|INCEPTION|VGG] [-c <classes>] [-i http|grpc] [-u <url>] <file.ppm>...
// The pictures go as one batch.
#include "grpc_client.h"
#include "http_client.h"
#include "image.h"
#include "json_utils.h"

namespace {

struct Options {
  std::string model, scaling = "NONE", protocol = "http", url;
  size_t classes = 1;
  std::vector<std::string> paths;

  Options(int argc, char** argv) {
    for (int flag; (flag = getopt(argc, argv, "m:s:c:i:u:")) != -1;) {
      switch (flag) {
        case 'm': model = optarg; break;
        case 's': scaling = optarg; break;
        case 'c': classes = std::strtoull(optarg, nullptr, 10); break;
        case 'i': protocol = optarg; break;
        case 'u': url = optarg; break;
        default: std::exit(2);
      }
    }
    paths.assign(argv + optind, argv + argc);
    Must(!model.empty() && !paths.empty() && classes > 0, "a model (-m), a file, and one class (-c) or more");
    if (url.empty()) url = protocol == "http" ? "localhost:8000" : "localhost:8001";
  }
};

// What the model's metadata tells.
struct Model {
  std::string input, output;
  std::vector<int64_t> shape;  // of one picture
  bool channels_first() const { return shape.at(0) == 3; }
  size_t height() const { return static_cast<size_t>(shape.at(channels_first() ? 1 : 0)); }
  size_t width() const { return static_cast<size_t>(shape.at(channels_first() ? 2 : 1)); }
};

Model ModelOf(tc::InferenceServerHttpClient* client, const std::string& name) {
  std::string text;
  rapidjson::Document json;
  Must(client->ModelMetadata(&text, name), "the model's metadata");
  Must(tc::ParseJson(&json, text), "JSON");
  Model model{json["inputs"][0]["name"].GetString(), json["outputs"][0]["name"].GetString(), {}};
  for (const auto& size : json["inputs"][0]["shape"].GetArray()) model.shape.push_back(size.GetInt64());
  return model;
}

Model ModelOf(tc::InferenceServerGrpcClient* client, const std::string& name) {
  inference::ModelMetadataResponse metadata;
  Must(client->ModelMetadata(&metadata, name), "the model's metadata");
  const auto& shape = metadata.inputs(0).shape();
  return {metadata.inputs(0).name(), metadata.outputs(0).name(), {shape.begin(), shape.end()}};
}

float Scaled(uint8_t value, size_t channel, const std::string& scaling) {
  constexpr float kVggMeans[] = {123, 117, 104};
  if (scaling == "INCEPTION") return static_cast<float>(value) / 127.5f - 1;
  if (scaling == "VGG") return static_cast<float>(value) - kVggMeans[channel];
  return value;
}

void Append(std::vector<float>* values, const Picture& picture, const Model& model, const std::string& scaling) {
  const size_t height = model.height(), width = model.width();
  const auto append = [&](size_t channel, size_t row, size_t column) {
    values->push_back(Scaled(picture.At(channel, row, height, column, width), channel, scaling));
  };
  if (model.channels_first()) {
    for (size_t channel = 0; channel < 3; ++channel)
      for (size_t row = 0; row < height; ++row)
        for (size_t column = 0; column < width; ++column) append(channel, row, column);
  } else {
    for (size_t row = 0; row < height; ++row)
      for (size_t column = 0; column < width; ++column)
        for (size_t channel = 0; channel < 3; ++channel) append(channel, row, column);
  }
}

template <typename Client>
void Classify(Client* client, const Options& options) {
  Model model = ModelOf(client, options.model);
  Must(model.shape.size() == 4, "a model of batches of pictures");
  model.shape.erase(model.shape.begin());
  std::vector<float> values;
  for (const std::string& path : options.paths) Append(&values, ReadPicture(path), model, options.scaling);

  std::vector<int64_t> shape = model.shape;
  shape.insert(shape.begin(), static_cast<int64_t>(options.paths.size()));
  const auto input = Input(model.input, shape, "FP32");
  Must(input->AppendRaw(reinterpret_cast<const uint8_t*>(values.data()), values.size() * sizeof(float)), model.input);
  tc::InferRequestedOutput* classes;
  Must(tc::InferRequestedOutput::Create(&classes, model.output, options.classes), model.output);
  const std::unique_ptr<tc::InferRequestedOutput> output(classes);
  tc::InferResult* answer;
  Must(client->Infer(&answer, tc::InferOptions(options.model), {input.get()}, {output.get()}), "inference");
  ShowClasses(*std::unique_ptr<tc::InferResult>(answer), model.output, options.paths);
}

}  // namespace

int main(int argc, char** argv) {
  const Options options(argc, argv);
  if (options.protocol == "http") {
    std::unique_ptr<tc::InferenceServerHttpClient> client;
    Must(tc::InferenceServerHttpClient::Create(&client, options.url), "a client");
    Classify(client.get(), options);
  } else {
    std::unique_ptr<tc::InferenceServerGrpcClient> client;
    Must(tc::InferenceServerGrpcClient::Create(&client, options.url), "a client");
    Classify(client.get(), options);
  }
  std::cout << "PASS" << std::endl;
}
