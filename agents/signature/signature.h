// Signatures of whole model folders.
//
//   neso model signature 1
//   model digits
//   folder 1
//   file 9f86d081884c7d65... 1523 1/model.onnx
//   file 60303ae22b998861... 211 config.pbtxt
//   signature 4f7a0c5d9e1b2a33 kqVvRA5Yl...
//
// The lines before the first "signature" are what is signed: one for each folder and file, in the order of their paths'
// bytes (folder.h), with paths escaped (text.h). Each signature names its key, and is one of all those lines with their
// ends; one that fits is enough.
#pragma once

#include <string>
#include <vector>

#include "keys.h"

namespace neso::signature {

// Signs the model's folder as it is, with each of the keys, and puts model.signature into it in one step.
Status SignFolder(const std::string& folder, const std::vector<Key>& keys);

// Whether one of `keys` has signed the folder as it is. With `copy`, a folder that is empty, what was signed is copied
// there while it is read. Returns the key's id.
// Errors: INVALID_ARG with what is missing, unknown or different; UNAVAILABLE for what cannot be read.
Result<std::string> VerifyFolder(const std::string& folder, const std::vector<Key>& keys, const std::string* copy);

}  // namespace neso::signature
