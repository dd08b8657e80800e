// The one name that this library shows.
#include "tls/openssl_client_context.h"
#include "tls/openssl_context.h"

extern "C" {
extern const neso::net::TlsEntry neso_tls_entry __attribute__((visibility("default")));
const neso::net::TlsEntry neso_tls_entry = {neso::tls::OpensslContext::Make, neso::tls::OpensslClientContext::Make};
}
