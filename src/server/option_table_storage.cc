// Options of repositories in object stores.
#include <algorithm>

#include "server/option_spec.h"

namespace neso {
namespace {

Status Connections(ParseState& state, const std::string& argument) {
  unsigned& connections = state.options.server.object_store_connections;
  RETURN_IF_ERROR((SetThreads<&Options::server, &ServerOptions::object_store_connections>(state, argument)));
  connections = std::max(1U, connections);
  return {};
}

constexpr OptionSpec kObjectStorage[] = {
    {"object-cache-directory", "string",
     "Folder where files of models from object stores (s3://, gs://, as://) are kept from run to run, so that only what "
     "has changed is downloaded. Default is what TRITON_AWS_MOUNT_DIRECTORY, TRITON_GCS_MOUNT_DIRECTORY or "
     "TRITON_AZURE_MOUNT_DIRECTORY name; without it a copy goes with its model.",
     Set<&Options::server, &ServerOptions::object_cache_directory>},
    {"object-store-connections", "integer",
     "How many downloads from object stores may run at the same time. Default is 16.", Connections},
    {"object-store-timeout-secs", "integer",
     "A connection to an object store that brings nothing for so many seconds is given up, and what is missing asked for "
     "anew. Default is 30.",
     Set<&Options::server, &ServerOptions::object_store_timeout_seconds>},
};

}  // namespace

OptionGroup ObjectStorageGroup() { return {"Object Storage", kObjectStorage}; }

}  // namespace neso
