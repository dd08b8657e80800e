// A DALI pipeline, and what comes out of it. Over DALI's C interface; nothing throws.
//
//   NESO_ASSIGN_OR_RETURN(auto pipeline, Pipeline::Build(serialized, settings));
//   NESO_RETURN_IF_ERROR(pipeline->Feed(0, samples));
//   NESO_ASSIGN_OR_RETURN(const Outputs outputs, pipeline->Run());
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dali/dali.h"
#include "description.h"
#include "errors.h"
#include "neso/backend/memory.h"

namespace neso::dali {

// Once, before anything else here.
Status InitializeDali();

// DALI_NO_TYPE for those that DALI has none of.
daliDataType_t DaliTypeOf(backend::DataType type);

struct PipelineSettings {
  int64_t max_batch_size = 0;
  int64_t num_threads = 1;
  std::optional<int> gpu;  // none: on the CPU alone
};

// The samples of one input: views, of memory that stays as it is until Run() returns.
struct Samples {
  backend::DataType datatype = TRITONSERVER_TYPE_INVALID;
  std::vector<daliTensorDesc_t> tensors;  // all of that type and of one rank
  bool may_stay = true;                   // where they lie; if not, DALI copies them first
};

struct OutputSamples {
  backend::DataType datatype = TRITONSERVER_TYPE_INVALID;  // INVALID: a type that clients have none of
  size_t count = 0;
  size_t rank = 0;
  std::span<const int64_t> shapes;  // count * rank
  std::vector<const std::byte*> data;
  backend::Place place;
};

// Of one run.
class Outputs {
 public:
  explicit Outputs(daliPipelineOutputs_h handle) : handle_(handle) {}
  Outputs(Outputs&& other) noexcept
      : handle_(std::exchange(other.handle_, nullptr)), lists_(std::exchange(other.lists_, {})) {}
  Outputs& operator=(Outputs&& other) noexcept {
    std::swap(handle_, other.handle_);
    std::swap(lists_, other.lists_);
    return *this;
  }
  ~Outputs();

  // Valid as long as this is.
  Result<OutputSamples> Get(int index);
  // Whether input `name` has been used up; others than videos always are.
  bool HasConsumed(const std::string& name) const;

 private:
  daliPipelineOutputs_h handle_;
  std::vector<daliTensorList_h> lists_;
};

// Thread-compatible. After an error of Feed() or Run() it is of no more use.
class Pipeline {
 public:
  static Result<std::unique_ptr<Pipeline>> Build(std::string_view serialized, const PipelineSettings& settings);
  ~Pipeline();
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  const PipelineDescription& description() const { return description_; }
  Status Feed(size_t input, const Samples& samples);
  // Computes with what was fed; returns when it is done.
  Result<Outputs> Run();

 private:
  explicit Pipeline(daliPipeline_h handle) : handle_(handle) {}
  Status Describe();

  daliPipeline_h handle_;
  PipelineDescription description_;
};

}  // namespace neso::dali
