// Where the Redis server is, how it is spoken to, and how long it is waited for.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "neso/backend/json.h"
#include "neso/backend/status.h"

namespace neso::redis_cache {

// All files are PEM.
struct TlsSettings {
  std::string name;              // what the server is called, and its certificate has to be for: a name or an address
  std::string roots_file;        // whom to trust; without file and folder: whom the system trusts
  std::string roots_folder;      // ... with files under the names that `openssl rehash` gives them
  std::string certificate_file;  // the client's own, followed by those that lead to its root; empty: it has none
  std::string key_file;          // its private key, not encrypted
};

struct Settings {
  std::string host;
  int port = 0;
  std::string user = "default";
  std::string password;
  int database = 0;
  std::optional<TlsSettings> tls;
  std::chrono::milliseconds connect_timeout{1000};  // ... and TLS's handshake has as much again; 0: for ever,
                                                    // as for the next one
  std::chrono::milliseconds socket_timeout{1000};
  size_t pool_size = 1;
  std::chrono::milliseconds wait_timeout{1000};  // for a connection of the pool
  std::chrono::seconds time_to_live{0};          // of an entry; 0: until Redis needs the memory

  // "host:port", for messages.
  std::string place() const { return host + ":" + std::to_string(port); }
};

// From the JSON object of --cache-config; user and password also from TRITONCACHE_REDIS_USERNAME and _PASSWORD.
// Errors: INVALID_ARG for what is missing, unknown, ill-formed or does not go together. Files are not looked at.
backend::Result<Settings> ReadSettings(const rapidjson::Value& json);

}  // namespace neso::redis_cache
