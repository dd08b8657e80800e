// simulate NAME=VALUE...: a model under load, simulated; what came of it as a line of JSON.
//
//   simulate config='max_batch_size: 8 dynamic_batching { }' execution_us=10000 clients=16 requests=100000
//
//   config         the scheduling part of a config.pbtxt (none: one request an execution)
//   instances      that execute (1)
//   execution_us   how long an execution takes (1000), and row_us for each row of it more (0)
//   clients        that wait for their answers (16), or rate: requests a second that come whatever happens
//   requests       in all (1000000)
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <map>
#include <string>

#include "loads.h"
#include "simulation.h"

namespace neso::simulator {
namespace {

using Seconds = std::chrono::duration<double>;

class Settings {
 public:
  explicit Settings(std::span<char* const> arguments) {
    for (const std::string argument : arguments) {
      const size_t equals = argument.find('=');
      if (equals == std::string::npos || !values_.contains(argument.substr(0, equals))) {
        std::cerr << "simulate: expected NAME=VALUE with one of the names of its first lines, got '" << argument
                  << "'\n";
        std::exit(1);
      }
      values_[argument.substr(0, equals)] = argument.substr(equals + 1);
    }
  }
  const std::string& Text(const std::string& name) const { return values_.at(name); }
  uint64_t Number(const std::string& name) const { return std::strtoull(Text(name).c_str(), nullptr, 10); }

 private:
  std::map<std::string, std::string> values_{{"config", ""},         {"instances", "1"}, {"execution_us", "1000"},
                                             {"row_us", "0"},        {"clients", "16"},  {"rate", "0"},
                                             {"requests", "1000000"}};
};

void Print(const Outcome& outcome, Seconds took) {
  std::vector<Nanoseconds> latencies;
  for (const Record& record : outcome.requests) {
    if (record.fate == Fate::kExecuted) latencies.push_back(record.latency());
  }
  std::sort(latencies.begin(), latencies.end());
  const auto at_us = [&latencies](double part) {
    if (latencies.empty()) return 0.0;
    return Seconds(latencies[static_cast<size_t>(part * static_cast<double>(latencies.size() - 1))]).count() * 1e6;
  };
  const auto executed = static_cast<double>(latencies.size());
  fmt::print(R"({{"executed": {}, "dropped": {}, "requests_per_s": {:.1f}, "p50_us": {:.0f}, "p99_us": {:.0f}, )"
             R"("requests_a_batch": {:.2f}, "simulated_s": {:.3f}, "took_s": {:.3f}}})"
             "\n",
             latencies.size(), outcome.requests.size() - latencies.size(),
             executed / Seconds(outcome.end.time_since_epoch()).count(), at_us(0.5), at_us(0.99),
             executed / static_cast<double>(outcome.batches), Seconds(outcome.end.time_since_epoch()).count(),
             took.count());
}

void Main(const Settings& settings) {
  const std::chrono::microseconds execution(settings.Number("execution_us")), row(settings.Number("row_us"));
  const uint64_t requests = settings.Number("requests"), rate = settings.Number("rate");
  const Scenario scenario{.config = settings.Text("config"),
                          .instances = static_cast<unsigned>(settings.Number("instances")),
                          .execution = [=](uint32_t rows) { return execution + rows * row; },
                          .load = rate > 0 ? PoissonLoad(requests, static_cast<double>(rate), 1)
                                           : ClosedLoad(settings.Number("clients"), requests)};
  const auto begin = std::chrono::steady_clock::now();
  const Outcome outcome = Simulation(scenario).Run();
  Print(outcome, std::chrono::steady_clock::now() - begin);
}

}  // namespace
}  // namespace neso::simulator

int main(int argc, char** argv) {
  neso::simulator::Main(neso::simulator::Settings({argv + 1, static_cast<size_t>(argc) - 1}));
  return 0;
}
