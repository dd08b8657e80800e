// The identity backend: output OUTPUT<x> is input INPUT<x>, for every datatype; with other names, output i is input i.
//
// It shows what the server itself costs, and its parameters (settings.h) make it slow, failing, decoupled or talkative
// for tests. The execution path looks nothing up by name that was known when the model was loaded.
#include <algorithm>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "neso/backend/backend.h"
#include "settings.h"

namespace neso::identity {

using namespace neso::backend;  // NOLINT: the file is a client of nothing else

class IdentityModel final : public Model {
 public:
  struct Pair {
    std::string input;
    std::string output;
    bool optional;
  };

  Status Initialize() {
    NESO_ASSIGN_OR_RETURN(settings_, Settings::Parse(config().parameters));
    std::this_thread::sleep_for(settings_.creation_delay);
    if (!settings_.initialize_error.empty()) return Status::Internal(settings_.initialize_error);
    if (config().outputs.size() > config().inputs.size()) {
      return Status::InvalidArg("model '", name(), "': expected an input for each output, got ", config().inputs.size(),
                                " inputs and ", config().outputs.size(), " outputs");
    }
    for (size_t i = 0; i < config().inputs.size(); ++i) {
      const std::string output = OutputOf(i);
      if (!output.empty()) pairs_.push_back({config().inputs[i].name, output, config().inputs[i].optional});
    }
    return {};
  }

  const Settings& settings() const { return settings_; }
  const std::vector<Pair>& pairs() const { return pairs_; }
  int64_t NextInstance() { return next_instance_.fetch_add(1); }

 private:
  // Empty if input i has no output.
  std::string OutputOf(size_t i) const {
    const std::string& input = config().inputs[i].name;
    if (input.starts_with("INPUT")) {
      std::string output = "OUTPUT" + input.substr(5);
      if (config().FindOutput(output) != nullptr) return output;
    }
    return i < config().outputs.size() ? config().outputs[i].name : std::string();
  }

  Settings settings_;
  std::vector<Pair> pairs_;
  std::atomic<int64_t> next_instance_ = 0;
};

class IdentityInstance final : public Instance<IdentityModel> {
 public:
  Status Initialize() {
    const Settings& settings = model().settings();
    delay_ = settings.execute_delay * std::max<int64_t>(1, settings.delay_multiplier * model().NextInstance());
    return {};
  }

  Status Execute(Execution& execution) {
    const Settings& settings = model().settings();
    if (settings.custom_tracing) Trace(execution, "CUSTOM_ACTIVITY_START");
    if (delay_.count() > 0) std::this_thread::sleep_for(delay_);
    if (!settings.execute_error.empty()) return Status::Internal(settings.execute_error);
    if (settings.custom_tracing) Trace(execution, "CUSTOM_ACTIVITY_END");
    for (Request& request : execution.requests()) {
      Status answered = model().config().decoupled ? AnswerRepeatedly(request) : Answer(request);
      if (!answered.ok()) request.Fail(answered);
    }
    return {};
  }

 private:
  Status Answer(Request& request) const {
    NESO_ASSIGN_OR_RETURN(Response response, Response::New(request));
    Status filled = Fill(request, response);
    return filled.ok() ? response.Send() : response.SendError(filled);
  }

  // A request of a decoupled model may name its own number of responses in the parameter "repeat".
  Status AnswerRepeatedly(Request& request) const {
    int64_t repeat = model().settings().repeat;
    NESO_ASSIGN_OR_RETURN(const std::vector<RequestParameter> parameters, request.Parameters());
    for (const RequestParameter& parameter : parameters) {
      const auto* number = std::get_if<int64_t>(&parameter.value);
      if (parameter.name == "repeat" && number != nullptr) repeat = *number;
    }
    NESO_ASSIGN_OR_RETURN(ResponseFactory factory, ResponseFactory::New(request));
    for (int64_t i = 0; i < repeat && !factory.IsCancelled(); ++i) {
      std::this_thread::sleep_for(model().settings().response_delay);
      ResponseTimes times{.start_ns = NowNs(), .compute_output_start_ns = NowNs(), .end_ns = 0};
      NESO_ASSIGN_OR_RETURN(Response response, Response::New(factory));
      Status filled = Fill(request, response);
      if (!filled.ok()) return response.SendError(filled);
      NESO_RETURN_IF_ERROR(response.Send(/*final=*/false));
      times.end_ns = NowNs();
      NESO_RETURN_IF_ERROR(ReportResponse(handle(), factory, times));
    }
    return factory.SendFinal();
  }

  Status Fill(const Request& request, Response& response) const {
    const std::vector<IdentityModel::Pair>& pairs = model().pairs();
    if (model().settings().response_parameters) NESO_RETURN_IF_ERROR(AddExampleParameters(response));
    if (model().settings().echo_parameters) NESO_RETURN_IF_ERROR(EchoParameters(request, response));
    // As many as there are means all of them, which is the usual case.
    const bool all = request.requested_output_count() >= pairs.size();
    for (const IdentityModel::Pair& pair : pairs) {
      if (!all && !request.Wants(pair.output)) continue;
      if (pair.optional && !request.HasInput(pair.input.c_str())) continue;
      NESO_ASSIGN_OR_RETURN(const Input input, request.input(pair.input.c_str()));
      NESO_ASSIGN_OR_RETURN(std::byte* const to,
                            response.AddOutput(pair.output.c_str(), input.datatype, input.shape, input.byte_size));
      NESO_RETURN_IF_ERROR(input.CopyTo({to, input.byte_size}));
    }
    return {};
  }

  // One of each type.
  static Status AddExampleParameters(Response& response) {
    NESO_RETURN_IF_ERROR(response.SetParameter("param0", "an example string parameter"));
    NESO_RETURN_IF_ERROR(response.SetParameter("param1", int64_t{42}));
    NESO_RETURN_IF_ERROR(response.SetParameter("param2", false));
    return response.SetParameter("param3", 123.123);
  }

  static Status EchoParameters(const Request& request, Response& response) {
    NESO_ASSIGN_OR_RETURN(const std::vector<RequestParameter> parameters, request.Parameters());
    for (const RequestParameter& parameter : parameters) {
      const std::string name(parameter.name);
      NESO_RETURN_IF_ERROR(std::visit(
          [&](const auto& value) {
            if constexpr (std::is_same_v<std::decay_t<decltype(value)>, std::string_view>) {
              return response.SetParameter(name.c_str(), std::string(value).c_str());
            } else {
              return response.SetParameter(name.c_str(), value);
            }
          },
          parameter.value));
    }
    return {};
  }

  static void Trace(const Execution& execution, const char* activity) {
    for (const Request& request : execution.requests()) {
      if (TRITONSERVER_InferenceTrace* const trace = request.trace(); trace != nullptr) {
        NESO_LOG_IF_ERROR(TRITONSERVER_InferenceTraceReportActivity(trace, NowNs(), activity),
                          "cannot report a custom activity");
      }
    }
  }

  std::chrono::milliseconds delay_{0};
};

}  // namespace neso::identity

NESO_BACKEND(neso::identity::IdentityModel, neso::identity::IdentityInstance)
