// Which argument and which result of a model each tensor of the configuration is, and whether they fit.
//
//   NESO_ASSIGN_OR_RETURN(const Binding binding, BindTorchScript(program->arguments(), config));
//
// Source: the PyTorch backend's naming conventions, in docs/backends/pytorch.md.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "neso/backend/config.h"
#include "program.h"

namespace neso::pytorch {

struct InputBinding {
  std::string name;
  size_t position = 0;
  DataType datatype = TRITONSERVER_TYPE_INVALID;
  const backend::BatchInputConfig* batch_input = nullptr;  // null: from the requests
};

struct OutputBinding {
  std::string name;
  size_t index = 0;  // in the tuple that the model returns
  DataType datatype = TRITONSERVER_TYPE_INVALID;
};

struct Binding {
  std::vector<InputBinding> inputs;    // by position: all of 0, 1, ...
  std::vector<OutputBinding> outputs;  // states, too; an output and a state of one name once
  bool as_dictionary = false;          // the names are keys, positions mean nothing
};

// `config` outlives the result. Errors: the texts of the contract for configurations that do not fit; INVALID_ARG for an index
// that the model does not have or that two inputs claim.
Result<Binding> BindTorchScript(const std::vector<ForwardArgument>& arguments, const backend::ModelConfig& config);

// What configurations of both kinds of models have to be. Errors: the texts of the contract.
Status CheckLists(const backend::ModelConfig& config);
Status CheckDatatype(DataType datatype, const char* role, const std::string& name, const backend::ModelConfig& config);
// Sorts the inputs; each of `argument_count` arguments has to come from exactly one.
Status CheckPositions(size_t argument_count, const backend::ModelConfig& config, Binding& binding);

}  // namespace neso::pytorch
