// What the `parameters` of an identity model's configuration say.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "neso/backend/parameters.h"
#include "neso/backend/status.h"

namespace neso::identity {

struct Settings {
  // How long an execution takes; for instance n of the model, `delay_multiplier` * n times that (at least once).
  std::chrono::milliseconds execute_delay{0};  // execute_delay_ms
  int64_t delay_multiplier = 0;                // instance_wise_delay_multiplier
  std::chrono::seconds creation_delay{0};      // creation_delay_sec: how long loading takes
  bool custom_tracing = false;                 // enable_custom_tracing: reports activities to the request's trace
  bool echo_parameters = false;                // echo_parameters: responses carry the request's parameters
  // response_parameters: responses carry the four that Triton's identity backend gives, which tests of clients expect.
  bool response_parameters = true;
  std::string initialize_error;                 // initialize_error: loading fails with this text
  std::string execute_error;                    // execute_error: every request fails with this text
  int64_t repeat = 1;                           // repeat: responses to a request of a decoupled model
  std::chrono::milliseconds response_delay{0};  // response_delay_ms: the wait before each of them

  static backend::Result<Settings> Parse(const backend::Parameters& parameters) {
    Settings settings;
    NESO_ASSIGN_OR_RETURN(const int64_t execute_ms, Bounded(parameters, "execute_delay_ms", 0, 1000 * kSecondsOfDay));
    NESO_ASSIGN_OR_RETURN(settings.delay_multiplier, Bounded(parameters, "instance_wise_delay_multiplier", 0, 1000));
    NESO_ASSIGN_OR_RETURN(const int64_t creation_s, Bounded(parameters, "creation_delay_sec", 0, kSecondsOfDay));
    NESO_ASSIGN_OR_RETURN(settings.custom_tracing, parameters.Or("enable_custom_tracing", false));
    NESO_ASSIGN_OR_RETURN(settings.echo_parameters, parameters.Or("echo_parameters", false));
    NESO_ASSIGN_OR_RETURN(settings.response_parameters, parameters.Or("response_parameters", true));
    NESO_ASSIGN_OR_RETURN(settings.repeat, Bounded(parameters, "repeat", 1, 1'000'000));
    NESO_ASSIGN_OR_RETURN(const int64_t response_ms, Bounded(parameters, "response_delay_ms", 0, 1000 * kSecondsOfDay));
    settings.execute_delay = std::chrono::milliseconds(execute_ms);
    settings.creation_delay = std::chrono::seconds(creation_s);
    settings.response_delay = std::chrono::milliseconds(response_ms);
    settings.initialize_error = parameters.Or("initialize_error", "");
    settings.execute_error = parameters.Or("execute_error", "");
    return settings;
  }

 private:
  // Longer is a mistake; far longer is not to be counted in nanoseconds.
  static constexpr int64_t kSecondsOfDay = 86'400;

  static backend::Result<int64_t> Bounded(const backend::Parameters& parameters, const char* name, int64_t otherwise,
                                          int64_t most) {
    NESO_ASSIGN_OR_RETURN(const int64_t value, parameters.Or(name, otherwise));
    if (value >= 0 && value <= most) return value;
    return backend::Status::InvalidArg("parameter '", name, "': expected 0 to ", most, ", got ", value);
  }
};

}  // namespace neso::identity
