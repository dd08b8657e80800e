#include "options.h"

#include <algorithm>

#include "pipeline_file.h"

namespace neso::dali {

bool Options::Splits(std::string_view output) const {
  return std::ranges::find(split_outputs, output) != split_outputs.end();
}

backend::Result<Options> ReadOptions(const backend::Parameters& parameters) {
  Options options;
  NESO_ASSIGN_OR_RETURN(options.num_threads, parameters.Or("num_threads", -1));
  if (options.num_threads != -1 && (options.num_threads < 1 || options.num_threads > kMaxThreads)) {
    return backend::Status::InvalidArg("parameter 'num_threads': expected 1 to ", kMaxThreads,
                                       ", or -1 for the pipeline's own number, got ", options.num_threads);
  }
  NESO_ASSIGN_OR_RETURN(options.max_image_pixels, parameters.Or("max_image_pixels", options.max_image_pixels));
  if (options.max_image_pixels < 1) {
    return backend::Status::InvalidArg("parameter 'max_image_pixels': expected 1 or more, got ",
                                       options.max_image_pixels);
  }
  options.split_outputs = backend::Split(parameters.Or("split_along_outer_axis", ""), ':');
  return options;
}

int64_t ThreadsFor(const Options& options, int64_t in_pipeline, size_t processors) {
  if (options.num_threads > 0) return options.num_threads;
  const auto usable = static_cast<int64_t>(processors);
  return in_pipeline > 0 ? std::min(in_pipeline, usable) : usable;
}

}  // namespace neso::dali
