// OpenSSL's errors as text. They wait in a queue of the thread, which is to be empty before each call.
#pragma once

#include <string>

namespace neso::tls {

// The first error of the thread's queue, which is emptied: "no start line". "unknown reason" if there is none.
std::string TakeError();

}  // namespace neso::tls
