#include "base/own_library.h"
#include "net/tls.h"

namespace neso::net {
namespace {

Expected<const TlsEntry*> OpenEntry() {
  return OpenOwnLibrary<TlsEntry>("libneso_tls.so", "neso_tls_entry", "TLS cannot be had");
}

}  // namespace

Expected<MakeTlsContext> OpenTlsLibrary() {
  ASSIGN_OR_RETURN(const TlsEntry* const entry, OpenEntry());
  return MakeTlsContext(entry->make_server);
}

Expected<MakeTlsClientContext> OpenTlsClientLibrary() {
  ASSIGN_OR_RETURN(const TlsEntry* const entry, OpenEntry());
  return MakeTlsClientContext(entry->make_client);
}

}  // namespace neso::net
