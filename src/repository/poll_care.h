// How a look at the repository takes a folder that may be half-written.
#pragma once

#include <cstdint>

namespace neso {

enum class PollCare : uint8_t {
  kAtOnce,      // whoever asks for the look says by that that the files are complete
  kUntilStill,  // when it is complete by all that can be seen: repository/folder_tracker.h
};

}  // namespace neso
