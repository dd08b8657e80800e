// Which of the known names a mistyped one was meant to be.
//
//   NearestNames("htp-port", {"http-port", "grpc-port"});   // {"http-port"}
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace neso {

// How many letters were added, left out, exchanged, or swapped with their neighbour, whatever their case.
size_t TypingErrors(std::string_view typed, std::string_view meant);

// The names that `typed` was probably meant to be, best first, at most `limit`: those a few errors away (a third of the
// longer name), or else those that contain it. Takes time in the product of the lengths, so names above 128 bytes are
// near nothing.
std::vector<std::string> NearestNames(std::string_view typed, const std::vector<std::string>& names, size_t limit = 3);

}  // namespace neso
