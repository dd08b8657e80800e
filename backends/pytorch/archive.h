// Whether a model's file arrived as it was written. Models of PyTorch are ZIP archives, whose checksums PyTorch does not
// check: a weight with a bit turned over would give wrong answers, and the code of a package, which is a library, worse.
//
//   NESO_RETURN_IF_ERROR(CheckArchive(path));
//
// Source: PKWARE's APPNOTE.TXT 6.3.10, sections 4.3 and 4.4, with the records of ZIP64.
#pragma once

#include <string>

#include "neso/backend/status.h"

namespace neso::pytorch {

// Reads all of the file, in pieces. Errors: INVALID_ARG, saying what is not as it should be.
backend::Status CheckArchive(const std::string& path);

}  // namespace neso::pytorch
