#include "options.h"

namespace neso::pytorch {
namespace {

using backend::Parameters;
using backend::Result;
using backend::Status;

// More than machines have cores: each thread takes memory and one of the process's limited number.
constexpr int64_t kMaxThreads = 1024;

Result<std::optional<bool>> ReadSwitch(const Parameters& parameters, const char* name) {
  if (!parameters.Find(name)) return std::optional<bool>();
  NESO_ASSIGN_OR_RETURN(const bool value, parameters.Or(name, false));
  return std::optional<bool>(value);
}

Result<int64_t> ReadThreadCount(const Parameters& parameters, const char* name) {
  NESO_ASSIGN_OR_RETURN(const int64_t count, parameters.Or(name, 0));
  if (count >= 0 && count <= kMaxThreads) return count;
  return Status::InvalidArg("parameter '", name, "': expected 0 or more, at most ", kMaxThreads, ", got ", count);
}

}  // namespace

Result<Options> ReadOptions(const Parameters& parameters) {
  Options options;
  NESO_ASSIGN_OR_RETURN(const bool not_optimized, parameters.Or("DISABLE_OPTIMIZED_EXECUTION", false));
  options.optimized_execution = !not_optimized;
  NESO_ASSIGN_OR_RETURN(options.inference_mode, parameters.Or("INFERENCE_MODE", true));
  NESO_ASSIGN_OR_RETURN(const bool no_cudnn, parameters.Or("DISABLE_CUDNN", false));
  options.cudnn = !no_cudnn;
  NESO_ASSIGN_OR_RETURN(options.cache_cleaning, parameters.Or("ENABLE_CACHE_CLEANING", false));
  NESO_ASSIGN_OR_RETURN(options.weight_sharing, parameters.Or("ENABLE_WEIGHT_SHARING", false));
  NESO_ASSIGN_OR_RETURN(options.jit_profiling, ReadSwitch(parameters, "ENABLE_JIT_PROFILING"));
  NESO_ASSIGN_OR_RETURN(options.jit_executor, ReadSwitch(parameters, "ENABLE_JIT_EXECUTOR"));
  NESO_ASSIGN_OR_RETURN(options.tensor_fuser, ReadSwitch(parameters, "ENABLE_TENSOR_FUSER"));
  NESO_ASSIGN_OR_RETURN(options.intra_op_threads, ReadThreadCount(parameters, "INTRA_OP_THREAD_COUNT"));
  NESO_ASSIGN_OR_RETURN(options.inter_op_threads, ReadThreadCount(parameters, "INTER_OP_THREAD_COUNT"));
  return options;
}

}  // namespace neso::pytorch
