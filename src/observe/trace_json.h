// A trace as Triton's trace files have it.
//
// Source: Triton's trace extension, mode "triton".
#pragma once

#include <string>

#include "observe/trace_record.h"

namespace neso {

// Elements of a JSON array, with commas between them: of each span its names, and each of its events. Texts that are no
// UTF-8 are taken for Latin-1.
std::string TraceToJson(const TracedRequest& trace);

}  // namespace neso
