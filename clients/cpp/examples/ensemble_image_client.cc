// Classifies pictures with an ensemble that decodes them itself: their files go as they are, as one batch.
//   ensemble_image_client [-m preprocess_inception_ensemble] [-c <classes>] [-i http|grpc] [-u <url>] <file>...
#include "grpc_client.h"
#include "http_client.h"
#include "image.h"

namespace {

template <typename Client>
void Classify(Client* client, const std::string& model, size_t classes, const std::vector<std::string>& paths) {
  std::vector<std::string> files;
  for (const std::string& path : paths) files.push_back(FileContent(path));
  const auto input = Input("INPUT", {static_cast<int64_t>(files.size()), 1}, "BYTES");
  Must(input->AppendFromString(files), "INPUT");
  tc::InferRequestedOutput* wanted;
  Must(tc::InferRequestedOutput::Create(&wanted, "OUTPUT", classes), "OUTPUT");
  const std::unique_ptr<tc::InferRequestedOutput> output(wanted);
  tc::InferResult* answer;
  Must(client->Infer(&answer, tc::InferOptions(model), {input.get()}, {output.get()}), "inference");
  ShowClasses(*std::unique_ptr<tc::InferResult>(answer), "OUTPUT", paths);
}

}  // namespace

int main(int argc, char** argv) {
  std::string model = "preprocess_inception_ensemble", protocol = "http", url;
  size_t classes = 1;
  for (int flag; (flag = getopt(argc, argv, "m:c:i:u:")) != -1;) {
    switch (flag) {
      case 'm': model = optarg; break;
      case 'c': classes = std::strtoull(optarg, nullptr, 10); break;
      case 'i': protocol = optarg; break;
      case 'u': url = optarg; break;
      default: return 2;
    }
  }
  const std::vector<std::string> paths(argv + optind, argv + argc);
  Must(!paths.empty() && classes > 0, "a file, and one class (-c) or more");
  if (protocol == "http") {
    std::unique_ptr<tc::InferenceServerHttpClient> client;
    Must(tc::InferenceServerHttpClient::Create(&client, url.empty() ? "localhost:8000" : url), "a client");
    Classify(client.get(), model, classes, paths);
  } else {
    std::unique_ptr<tc::InferenceServerGrpcClient> client;
    Must(tc::InferenceServerGrpcClient::Create(&client, url.empty() ? "localhost:8001" : url), "a client");
    Classify(client.get(), model, classes, paths);
  }
  std::cout << "PASS" << std::endl;
}
