// What the command line says to the backend: --backend-config=python,<name>=<value>; and what a model's parameters say
// in its place.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "debugger_address.h"
#include "neso/backend/parameters.h"
#include "neso/backend/status.h"

namespace neso::python {

// What a worker may take before it is stopped; zero: as much as it likes.
struct Limits {
  // How long a request may run without an answer: execute-timeout-seconds, of a model EXECUTE_TIMEOUT_SECONDS.
  std::chrono::milliseconds execute{0};
  // What it may allocate, and share with the server: memory-limit-byte-size, of a model MEMORY_LIMIT_BYTE_SIZE.
  uint64_t memory_byte_size = 0;
  // How long the model's finalize may take: finalize-timeout-seconds, of a model FINALIZE_TIMEOUT_SECONDS.
  std::chrono::milliseconds finalize{20'000};

  // Those of a model: its parameters, and for what they do not say `defaults`. INVALID_ARG names what is wrong.
  static backend::Result<Limits> OfModel(const backend::Parameters& parameters, const Limits& defaults);
};

struct Settings {
  std::string interpreter = "python3";      // python-interpreter: a path, or a name to look up in PATH
  Limits limits;                            // of models that do not say their own
  std::optional<DebuggerAddress> debugger;  // debugpy: likewise
  bool install_requirements = false;        // install-requirements: a model's requirements.txt becomes an environment

  // Checks what is Triton's, too; memory is taken as it is needed, so its sizes change nothing. INVALID_ARG names what
  // is wrong.
  static backend::Result<Settings> Parse(const backend::Parameters& parameters);
};

}  // namespace neso::python
