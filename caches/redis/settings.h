// Where the Redis server is, and how long it is waited for.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "neso/backend/json.h"
#include "neso/backend/status.h"

namespace neso::redis_cache {

struct Settings {
  std::string host;
  int port = 0;
  std::string user = "default";
  std::string password;
  int database = 0;
  std::chrono::milliseconds connect_timeout{1000};  // 0: for ever, as for the next one
  std::chrono::milliseconds socket_timeout{1000};
  size_t pool_size = 1;
  std::chrono::milliseconds wait_timeout{1000};  // for a connection of the pool
  std::chrono::seconds time_to_live{0};          // of an entry; 0: until Redis needs the memory

  // "host:port", for messages.
  std::string place() const { return host + ":" + std::to_string(port); }
};

// From the JSON object of --cache-config; user and password also from TRITONCACHE_REDIS_USERNAME and _PASSWORD.
// Errors: INVALID_ARG for what is missing or no number; UNSUPPORTED for TLS.
backend::Result<Settings> ReadSettings(const rapidjson::Value& json);

}  // namespace neso::redis_cache
