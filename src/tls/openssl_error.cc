#include "tls/openssl_error.h"

#include <openssl/err.h>

#include <cstring>

namespace neso::tls {

std::string TakeError() {
  const unsigned long first = ERR_get_error();
  ERR_clear_error();
  const char* text = ERR_SYSTEM_ERROR(first) ? std::strerror(ERR_GET_REASON(first)) : ERR_reason_error_string(first);
  return text != nullptr ? text : "unknown reason";
}

}  // namespace neso::tls
