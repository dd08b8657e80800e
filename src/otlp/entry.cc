// The one name that this library shows.
#include "otlp/curl_connection.h"

extern "C" {
extern const neso::OtlpEntry neso_otlp_entry __attribute__((visibility("default")));
const neso::OtlpEntry neso_otlp_entry = neso::otlp::MakeCurlConnection;
}
