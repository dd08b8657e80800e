// Numbers as text: the model "simple_string" adds and subtracts them, too.
#include "either_client.h"
#include "example.h"

int main(int argc, char** argv) {
  const Flags flags(argc, argv, kDefaultUrl);
  std::unique_ptr<Client> client;
  Must(Client::Create(&client, flags.url, flags.verbose), "a client");

  std::vector<std::string> ascending;
  for (int i = 0; i < 16; ++i) ascending.push_back(std::to_string(i));
  const auto input0 = Input("INPUT0", {1, 16}, "BYTES"), input1 = Input("INPUT1", {1, 16}, "BYTES");
  Must(input0->AppendFromString(ascending), "INPUT0");
  Must(input1->AppendFromString(std::vector<std::string>(16, "1")), "INPUT1");

  tc::InferResult* answer;
  Must(client->Infer(&answer, tc::InferOptions("simple_string"), {input0.get(), input1.get()}, {}, flags.headers),
       "inference");
  const std::unique_ptr<tc::InferResult> result(answer);
  std::vector<std::string> sums;
  Must(result->StringData("OUTPUT0", &sums), "OUTPUT0");
  for (int i = 0; i < 16; ++i) Must(sums.at(i) == std::to_string(i + 1), "the right sums");
  std::cout << "PASS : String Infer" << std::endl;
}
