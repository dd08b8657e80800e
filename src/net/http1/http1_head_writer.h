// Writes the head of an HTTP/1.1 answer.
#pragma once

#include <cstddef>

#include "net/http1/http1_output.h"

namespace neso::net {

// An upper bound for what WriteHead writes.
size_t HeadBound(const HttpResponse& response);

// Writes the head, empty line included, and returns its size. `content_length` counts when the framing is kLength.
size_t WriteHead(const AnswerHead& head, const HttpResponse& response, size_t content_length, char* out);

// "Not Found"; "Unknown" for numbers without a name.
std::string_view ReasonPhrase(int status);

}  // namespace neso::net
