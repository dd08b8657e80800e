// Which of the formats that are ZIP archives a file has, by the names in it.
#pragma once

#include <string_view>

#include "base/status.h"
#include "serve/model_format.h"

namespace neso {

// `tail`: the archive's end, with its directory or the last part of it. Error: kInvalidArg, what it is instead.
// Source: PKWARE's APPNOTE.TXT 6.3.10, 4.3.12.
Expected<ModelFormat> RecognizeArchive(std::string_view tail);

}  // namespace neso
