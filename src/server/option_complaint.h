// What is said about a command line that cannot be used.
//
// To people, as neso: one line, the last, that names the mistake and the nearest right thing. To scripts, as
// tritonserver: the usage, then the reason.
#pragma once

#include <string>

#include "server/option_spec.h"

namespace neso {

struct Complaint {
  enum class Kind {
    kUnknownOption,  // `text`: as typed, "--htp-port=1"; also a beginning that several options share
    kMissingValue,   // of `option`
    kUnwantedValue,  // `option` takes none
    kBadValue,       // `text`: the reason
    kStrayArgument,  // `text`: the argument, which is no option
    kContradiction,  // `text`: what is wrong with the options as a whole
  };
  Kind kind;
  const OptionSpec* option = nullptr;
  std::string text{};
};

// With a line end.
std::string ComplaintText(Program program, const Complaint& complaint);

}  // namespace neso
