// Requests that are under way at the same time; each answer comes to a callback, in whichever order.
#include <condition_variable>
#include <mutex>

#include "either_client.h"
#include "example.h"

int main(int argc, char** argv) {
  constexpr size_t kRequests = 8;
  const Flags flags(argc, argv, kDefaultUrl);
  std::unique_ptr<Client> client;
  Must(Client::Create(&client, flags.url, flags.verbose), "a client");

  const auto ascending = Ascending(), ones = Ones();
  const auto input0 = Input("INPUT0", ascending), input1 = Input("INPUT1", ones);
  tc::InferOptions options("simple");
  options.client_timeout_ = flags.timeout_us;

  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::unique_ptr<tc::InferResult>> results;
  for (size_t i = 0; i < kRequests; ++i) {
    const auto arrived = [&](tc::InferResult* result) {
      const std::lock_guard<std::mutex> lock(mutex);
      results.emplace_back(result);
      changed.notify_one();
    };
    Must(client->AsyncInfer(arrived, options, {input0.get(), input1.get()}, {}, flags.headers), "a request");
  }
  std::unique_lock<std::mutex> lock(mutex);
  changed.wait(lock, [&] { return results.size() == kRequests; });
  for (const auto& result : results) CheckSumAndDifference(*result);
  std::cout << "PASS : Async Infer" << std::endl;
}
