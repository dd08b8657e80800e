// Text of others on a terminal: what is in it must not be obeyed, as an escape that clears the screen or writes a title.
#pragma once

#include <string>

namespace neso {

// Each byte of a control character becomes '?', so that it stays as wide: those of ASCII but line ends and tabs, and
// those that UTF-8 has two bytes for (U+0080 to U+009F).
std::string WithoutControls(std::string text);

}  // namespace neso
