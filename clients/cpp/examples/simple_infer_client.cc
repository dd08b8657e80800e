// One inference request with the model "simple", which answers sum and difference of its two inputs.
#include "either_client.h"
#include "example.h"

int main(int argc, char** argv) {
  const Flags flags(argc, argv, kDefaultUrl);
  std::unique_ptr<Client> client;
  Must(Client::Create(&client, flags.url, flags.verbose), "a client");

  const auto ascending = Ascending(), ones = Ones();
  const auto input0 = Input("INPUT0", ascending), input1 = Input("INPUT1", ones);
  const auto output0 = Output("OUTPUT0"), output1 = Output("OUTPUT1");
  tc::InferOptions options("simple");
  options.client_timeout_ = flags.timeout_us;

  tc::InferResult* answer;
  Must(client->Infer(&answer, options, {input0.get(), input1.get()}, {output0.get(), output1.get()}, flags.headers),
       "inference");
  const std::unique_ptr<tc::InferResult> result(answer);
  CheckSumAndDifference(*result);

  tc::InferStat stat;
  client->ClientInferStat(&stat);
  std::cout << stat.completed_request_count << " request in " << stat.cumulative_total_request_time_ns / 1000
            << " us\nPASS : Infer" << std::endl;
}
