// One request, several responses: the decoupled model "repeat_int32" answers each value of IN by itself, DELAY[i]
// milliseconds after the one before it, and takes WAIT milliseconds until it takes the next request.
#include <mutex>

#include "example.h"
#include "grpc_client.h"

namespace {

template <typename T>
std::unique_ptr<tc::InferInput> Tensor(const std::string& name, const std::string& datatype,
                                       const std::vector<T>& values) {
  auto input = Input(name, {static_cast<int64_t>(values.size())}, datatype);
  Must(input->AppendRaw(reinterpret_cast<const uint8_t*>(values.data()), values.size() * sizeof(T)), name);
  return input;
}

}  // namespace

int main(int argc, char** argv) {
  const Flags flags(argc, argv, "localhost:8001");
  std::unique_ptr<tc::InferenceServerGrpcClient> client;
  Must(tc::InferenceServerGrpcClient::Create(&client, flags.url, flags.verbose), "a client");

  std::mutex mutex;
  std::vector<int32_t> received;
  const auto arrived = [&](tc::InferResult* answer) {
    const std::unique_ptr<tc::InferResult> result(answer);
    Must(result->RequestStatus(), "inference");
    const std::lock_guard<std::mutex> lock(mutex);
    received.push_back(Numbers(*result, "OUT").at(0));
    std::cout << "response " << received.size() << ": " << received.back() << "\n";
  };
  // How long requests take cannot be told where one has several responses: no statistics.
  Must(client->StartStream(arrived, /*enable_stats=*/false, static_cast<uint32_t>(flags.timeout_us), flags.headers),
       "a stream");
  const std::vector<int32_t> values = {4, 8, 15, 16, 23, 42};
  const std::vector<uint32_t> delays = {1, 2, 3, 4, 5, 6}, wait = {5};
  const auto in = Tensor("IN", "INT32", values);
  const auto delay = Tensor("DELAY", "UINT32", delays), until = Tensor("WAIT", "UINT32", wait);
  Must(client->AsyncStreamInfer(tc::InferOptions("repeat_int32"), {in.get(), delay.get(), until.get()}), "a request");
  Must(client->StopStream(), "the stream's end");  // after the last response
  Must(received == values, "each value once, in order");
  std::cout << "PASS : Repeat" << std::endl;
}
