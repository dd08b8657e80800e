// Two sequences on one stream: requests go without waiting, and the answers come in their order.
#include <map>
#include <mutex>

#include "example.h"
#include "grpc_client.h"

namespace {

// What each request, by its id, was answered.
class Sums {
 public:
  void Add(tc::InferResult* answer) {
    const std::unique_ptr<tc::InferResult> result(answer);
    Must(result->RequestStatus(), "inference");
    std::string id;
    Must(result->Id(&id), "the id");
    const std::lock_guard<std::mutex> lock(mutex_);
    sums_[id].push_back(Numbers(*result, "OUTPUT").at(0));
  }
  // After the stream has stopped.
  const std::vector<int32_t>& Of(const std::string& id) { return sums_[id]; }

 private:
  std::mutex mutex_;
  std::map<std::string, std::vector<int32_t>> sums_;
};

void Send(tc::InferenceServerGrpcClient* client, tc::InferOptions options, int32_t value, bool first, bool last) {
  options.sequence_start_ = first;
  options.sequence_end_ = last;
  const std::vector<int32_t> values = {value};
  const auto input = Input("INPUT", values);
  Must(client->AsyncStreamInfer(options, {input.get()}), "a request");
}

}  // namespace

int main(int argc, char** argv) {
  const Flags flags(argc, argv, "localhost:8001");
  std::unique_ptr<tc::InferenceServerGrpcClient> client;
  Must(tc::InferenceServerGrpcClient::Create(&client, flags.url, flags.verbose), "a client");

  Sums sums;
  Must(client->StartStream([&sums](tc::InferResult* result) { sums.Add(result); }, /*enable_stats=*/true,
                           static_cast<uint32_t>(flags.timeout_us), flags.headers),
       "a stream");
  tc::InferOptions rising("simple_sequence"), falling("simple_sequence");
  rising.sequence_id_str_ = rising.request_id_ = "rising";  // sequences may be named by numbers, too
  falling.sequence_id_ = 1010;
  falling.request_id_ = "falling";
  const std::vector<int32_t> values = {11, 7, 5, 3, 2, 0, 1};
  for (size_t i = 0; i < values.size(); ++i) {
    const bool first = i == 0, last = i + 1 == values.size();
    Send(client.get(), rising, values[i], first, last);
    Send(client.get(), falling, -values[i], first, last);
  }
  Must(client->StopStream(), "the stream's end");

  std::vector<int32_t> expected(values.size()), negative;
  std::partial_sum(values.begin(), values.end(), expected.begin());
  for (const int32_t sum : expected) negative.push_back(-sum);
  Must(sums.Of("rising") == expected, "the first sequence's sums");
  Must(sums.Of("falling") == negative, "the second sequence's sums");
  std::cout << "PASS : Sequence Stream" << std::endl;
}
