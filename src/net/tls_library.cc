#include "base/own_library.h"
#include "net/tls.h"

namespace neso::net {

Expected<MakeTlsContext> OpenTlsLibrary() {
  ASSIGN_OR_RETURN(const TlsEntry* const entry,
                   OpenOwnLibrary<TlsEntry>("libneso_tls.so", "neso_tls_entry", "TLS cannot be had"));
  return MakeTlsContext(*entry);
}

}  // namespace neso::net
