// What makes a prediction of the sums of a row's trees.
//
//   NESO_ASSIGN_OR_RETURN(const Postprocessor<float> postprocessor, Postprocessor<float>::Find(checkpoint));
//   postprocessor.Apply(sums, classes);
//
// Source: treelite's "List of postprocessor functions".
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string_view>
#include <utility>

#include "checkpoint.h"
#include "neso/backend/status.h"

namespace neso::fil {

template <typename Real>
class Postprocessor {
 public:
  // UNSUPPORTED for a name that is none.
  static backend::Result<Postprocessor> Find(const Checkpoint& model) {
    constexpr std::pair<std::string_view, Kind> kKinds[] = {
        {"identity", Kind::kIdentity},
        {"identity_multiclass", Kind::kIdentity},
        {"signed_square", Kind::kSignedSquare},
        {"hinge", Kind::kHinge},
        {"sigmoid", Kind::kSigmoid},
        {"multiclass_ova", Kind::kSigmoid},
        {"exponential", Kind::kExponential},
        {"exponential_standard_ratio", Kind::kExponentialStandardRatio},
        {"logarithm_one_plus_exp", Kind::kLogarithmOnePlusExp},
        {"softmax", Kind::kSoftmax},
    };
    for (const auto& [name, kind] : kKinds) {
      if (name == model.postprocessor) {
        return Postprocessor(kind, static_cast<Real>(model.sigmoid_alpha), static_cast<Real>(model.ratio_c));
      }
    }
    return backend::Status::Unsupported("the model's postprocessor '", model.postprocessor, "' is not known");
  }

  // In place, one row.
  void Apply(Real* sums, size_t classes) const {
    if (kind_ == Kind::kIdentity) return;
    if (kind_ == Kind::kSoftmax) return Softmax(sums, classes);
    for (size_t i = 0; i < classes; ++i) sums[i] = ApplyToOne(sums[i]);
  }

 private:
  enum class Kind {
    kIdentity,
    kSignedSquare,
    kHinge,
    kSigmoid,
    kExponential,
    kExponentialStandardRatio,
    kLogarithmOnePlusExp,
    kSoftmax
  };

  Postprocessor(Kind kind, Real alpha, Real ratio) : kind_(kind), alpha_(alpha), ratio_(ratio) {}

  Real ApplyToOne(Real sum) const {
    switch (kind_) {
      case Kind::kSignedSquare: return std::copysign(sum * sum, sum);
      case Kind::kHinge: return sum > 0 ? Real{1} : Real{0};
      case Kind::kSigmoid: return Real{1} / (Real{1} + std::exp(-alpha_ * sum));
      case Kind::kExponential: return std::exp(sum);
      case Kind::kExponentialStandardRatio: return std::exp2(-sum / ratio_);
      case Kind::kLogarithmOnePlusExp: return std::log1p(std::exp(sum));
      case Kind::kIdentity:
      case Kind::kSoftmax: break;
    }
    return sum;
  }

  static void Softmax(Real* sums, size_t classes) {
    const Real largest = *std::max_element(sums, sums + classes);
    double total = 0;
    for (size_t i = 0; i < classes; ++i) {
      sums[i] = std::exp(sums[i] - largest);
      total += sums[i];
    }
    for (size_t i = 0; i < classes; ++i) sums[i] /= static_cast<Real>(total);
  }

  Kind kind_;
  Real alpha_;
  Real ratio_;
};

}  // namespace neso::fil
