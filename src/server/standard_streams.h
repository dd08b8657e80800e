// The three descriptors that every program takes for granted.
#pragma once

namespace neso {

// Occupies those that the caller closed: the next file or socket would have their number, and get what is printed. To use one
// stays an error. First of all.
void OccupyClosedStreams();

}  // namespace neso
