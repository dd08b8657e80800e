// Two sequences, whose requests take turns: the model "simple_sequence" adds up each for itself.
#include "either_client.h"
#include "example.h"

namespace {

int32_t Send(Client* client, tc::InferOptions options, int32_t value, bool first, bool last) {
  options.sequence_start_ = first;
  options.sequence_end_ = last;
  const std::vector<int32_t> values = {value};
  const auto input = Input("INPUT", values);
  tc::InferResult* answer;
  Must(client->Infer(&answer, options, {input.get()}), "inference");
  const std::unique_ptr<tc::InferResult> result(answer);
  return Numbers(*result, "OUTPUT").at(0);
}

}  // namespace

int main(int argc, char** argv) {
  const Flags flags(argc, argv, kDefaultUrl);
  std::unique_ptr<Client> client;
  Must(Client::Create(&client, flags.url, flags.verbose), "a client");

  tc::InferOptions rising("simple_sequence"), falling("simple_sequence");
  rising.sequence_id_ = 1007;
  falling.sequence_id_ = 1008;
  const std::vector<int32_t> values = {11, 7, 5, 3, 2, 0, 1};
  int32_t sum = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    const bool first = i == 0, last = i + 1 == values.size();
    sum += values[i];
    Must(Send(client.get(), rising, values[i], first, last) == sum, "the first sequence's sum");
    Must(Send(client.get(), falling, -values[i], first, last) == -sum, "the second sequence's sum");
  }
  std::cout << "PASS : Sequence" << std::endl;
}
