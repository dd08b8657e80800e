// ask [--roots FILE] [--certificate FILE --key FILE] [--name NAME] ENDPOINT...: reads questions, and answers each with a line.
//
//   infer MODEL [MILLISECONDS]      3 values sent as INPUT0, those of OUTPUT0, or why there are none
//   metadata MODEL                  JSON
//   ready [MODEL]                   yes or no
//   figures                         calls, retries, and the attempts and failures of each endpoint
#include <chrono>
#include <iostream>
#include <sstream>

#include "neso/client.h"

namespace {

const char* NameOf(neso::ErrorKind kind) {
  switch (kind) {
    case neso::ErrorKind::kNotFound: return "not found";
    case neso::ErrorKind::kInvalidArgument: return "invalid";
    case neso::ErrorKind::kUnavailable: return "unavailable";
    case neso::ErrorKind::kDeadlineExceeded: return "late";
    default: return "other";
  }
}

std::string Shown(const neso::ClientError& error) { return std::string(NameOf(error.kind)) + ": " + error.message; }

std::string Shown(const neso::Result<bool>& answer) {
  return !answer ? Shown(answer.error()) : answer.value() ? "yes" : "no";
}

// A coroutine: what it awaits comes from the client's thread.
neso::Future<std::string> Infer(neso::Client& client, std::string model, neso::CallOptions options) {
  neso::InferRequest request{.model = model};
  request.inputs.emplace("INPUT0", neso::Tensor({1, 3}, std::vector<int32_t>{1, -2, 3}));
  const neso::Result<neso::InferAnswer> answer = co_await client.Infer(request, options);
  if (!answer) co_return Shown(answer.error());
  std::ostringstream shown;
  for (const int32_t value : answer.value().outputs.at("OUTPUT0").Values<int32_t>().value()) shown << value << " ";
  co_return shown.str();
}

std::string Shown(const neso::ClientFigures& figures) {
  std::ostringstream shown;
  shown << figures.calls << " " << figures.retries;
  for (const neso::ClientFigures::Endpoint& endpoint : figures.endpoints)
    shown << " " << endpoint.address << "=" << endpoint.attempts << "/" << endpoint.failures;
  return shown.str();
}

std::string Answer(neso::Client& client, std::istringstream question) {
  std::string what, model;
  int milliseconds = 0;
  question >> what >> model >> milliseconds;
  if (what == "infer") {
    neso::CallOptions options;
    if (milliseconds > 0) options.deadline = std::chrono::milliseconds(milliseconds);
    return Infer(client, model, options).Get().value();
  }
  if (what == "metadata") {
    const neso::Result<std::string> json = client.ModelMetadata(model).Get();
    return json ? json.value() : Shown(json.error());
  }
  if (what == "ready") return Shown(model.empty() ? client.IsReady().Get() : client.IsModelReady(model).Get());
  return Shown(client.Figures());
}

}  // namespace

int main(int argc, char** argv) {
  neso::ClientOptions options;
  std::vector<std::string> endpoints;
  const std::map<std::string, std::string*> flags = {{"--roots", &options.tls.roots_file},
                                                     {"--certificate", &options.tls.certificate_file},
                                                     {"--key", &options.tls.key_file},
                                                     {"--name", &options.tls.server_name}};
  for (int i = 1; i < argc; ++i) {
    const auto flag = flags.find(argv[i]);
    if (flag == flags.end()) {
      endpoints.emplace_back(argv[i]);
    } else if (++i < argc) {
      *flag->second = argv[i];
    }
  }
  neso::Result<neso::Client> client = neso::Client::Open(endpoints, options);
  if (!client) {
    std::cout << Shown(client.error()) << std::endl;
    return 1;
  }
  for (std::string line; std::getline(std::cin, line);)
    std::cout << Answer(client.value(), std::istringstream(line)) << std::endl;
}
