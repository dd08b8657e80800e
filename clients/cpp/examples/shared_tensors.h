// What programs do that share memory with the server: "simple" reads two tensors of a region and writes two into another.
#pragma once

#include <string>

#include "either_client.h"
#include "example.h"

inline constexpr size_t kTensor = 16 * sizeof(int32_t);

inline void InferInSharedMemory(Client* client, const std::string& in_name, const std::string& out_name) {
  const auto input0 = Input("INPUT0", {1, 16}, "INT32"), input1 = Input("INPUT1", {1, 16}, "INT32");
  const auto output0 = Output("OUTPUT0"), output1 = Output("OUTPUT1");
  Must(input0->SetSharedMemory(in_name, kTensor), "INPUT0");
  Must(input1->SetSharedMemory(in_name, kTensor, kTensor), "INPUT1");
  Must(output0->SetSharedMemory(out_name, kTensor), "OUTPUT0");
  Must(output1->SetSharedMemory(out_name, kTensor, kTensor), "OUTPUT1");
  tc::InferResult* answer;
  Must(client->Infer(&answer, tc::InferOptions("simple"), {input0.get(), input1.get()}, {output0.get(), output1.get()}),
       "inference");
  delete answer;
}
