// The JSON texts that clients get from a server: metadata and statistics. Pure functions.
// Source: server metadata, model metadata and statistics of the protocol.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/model.h"
#include "engine/reports.h"
#include "repository/model_state.h"

namespace neso {

// {"name":...,"version":...,"extensions":[...]}
std::string ServerMetadataToJson(const ServerMetadata& metadata);

// {"name":...,"versions":[...],"platform":...,"inputs":[...],"outputs":[...]}
std::string ModelMetadataToJson(const ModelMetadata& metadata);

// [{"name":...,"version":...,"state":...,"reason":...}]; what is not known is left out.
std::string ModelIndexToJson(std::span<const ModelIndexEntry> index);

// {"model_stats":[...]}, in the order given.
std::string StatisticsToJson(std::span<const ModelHandle> models);

}  // namespace neso
