// A batching library of a test: it fails, throws or refuses, as the ids of the requests say, and tells on stderr what it
// was asked.
#include <cstdio>
#include <stdexcept>
#include <string>
#include <string_view>

#include "neso/backend/batching.h"

namespace {

using neso::backend::Model;
using neso::backend::Request;
using neso::backend::Status;

class Unwilling final : public neso::backend::BatchStrategy {
 public:
  Status Initialize(const Model& model) {
    if (model.config().parameters.Or("fail", "") == "yes") return Status::InvalidArg("no luck with ", model.name());
    return {};
  }
  ~Unwilling() { std::fprintf(stderr, "unwilling: ended\n"); }

  class Batch {
   public:
    explicit Batch(const Unwilling&) {}
    ~Batch() { std::fprintf(stderr, "unwilling: batch%s\n", asked_.c_str()); }
    bool Include(const Request& request) {
      asked_ += " " + std::string(request.id());
      if (request.id() == "throws") throw std::runtime_error("thrown by a strategy");
      return request.id() != "refused";
    }

   private:
    std::string asked_;
  };
};

}  // namespace

NESO_BATCH_STRATEGY(Unwilling)
