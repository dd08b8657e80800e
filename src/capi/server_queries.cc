// What a server says about itself and its models.
#include "capi/handles.h"
#include "capi/metrics_text.h"
#include "config/json.h"
#include "engine/server_json.h"
#include "observe/metric_registry.h"

using neso::ApiCall;
using neso::HandOut;
using neso::ServerOf;
using neso::Status;

TRITONSERVER_Error* TRITONSERVER_ServerIsLive(TRITONSERVER_Server* server, bool* live) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(server, live);
    *live = false;
    return HandOut(ServerOf(server).IsLive(), live);
  });
}

TRITONSERVER_Error* TRITONSERVER_ServerIsReady(TRITONSERVER_Server* server, bool* ready) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(server, ready);
    *ready = false;
    return HandOut(ServerOf(server).IsReady(), ready);
  });
}

TRITONSERVER_Error* TRITONSERVER_ServerModelIsReady(TRITONSERVER_Server* server, const char* model_name,
                                                    const int64_t model_version, bool* ready) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(server, model_name, ready);
    *ready = false;
    return HandOut(ServerOf(server).IsModelReady(model_name, model_version), ready);
  });
}

TRITONSERVER_Error* TRITONSERVER_ServerModelBatchProperties(TRITONSERVER_Server* server, const char* model_name,
                                                            const int64_t model_version, uint32_t* flags,
                                                            void** voidp) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(server, model_name, flags);
    if (voidp != nullptr) *voidp = nullptr;
    ASSIGN_OR_RETURN(const auto model, ServerOf(server).models().Find(model_name, model_version));
    *flags = model->max_batch_size() > 0 ? TRITONSERVER_BATCH_FIRST_DIM : TRITONSERVER_BATCH_UNKNOWN;
    return {};
  });
}

TRITONSERVER_Error* TRITONSERVER_ServerModelTransactionProperties(TRITONSERVER_Server* server, const char* model_name,
                                                                  const int64_t model_version, uint32_t* txn_flags,
                                                                  void** voidp) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(server, model_name, txn_flags);
    if (voidp != nullptr) *voidp = nullptr;
    ASSIGN_OR_RETURN(const auto model, ServerOf(server).models().Find(model_name, model_version));
    *txn_flags = model->is_decoupled() ? TRITONSERVER_TXN_DECOUPLED : TRITONSERVER_TXN_ONE_TO_ONE;
    return {};
  });
}

TRITONSERVER_Error* TRITONSERVER_ServerMetadata(TRITONSERVER_Server* server, TRITONSERVER_Message** server_metadata) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(server, server_metadata);
    return HandOut(neso::ServerMetadataToJson(ServerOf(server).Metadata()), server_metadata);
  });
}

TRITONSERVER_Error* TRITONSERVER_ServerModelMetadata(TRITONSERVER_Server* server, const char* model_name,
                                                     const int64_t model_version,
                                                     TRITONSERVER_Message** model_metadata) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(server, model_name, model_metadata);
    ASSIGN_OR_RETURN(const neso::ModelMetadata metadata, ServerOf(server).MetadataOf(model_name, model_version));
    return HandOut(neso::ModelMetadataToJson(metadata), model_metadata);
  });
}

TRITONSERVER_Error* TRITONSERVER_ServerModelStatistics(TRITONSERVER_Server* server, const char* model_name,
                                                       const int64_t model_version,
                                                       TRITONSERVER_Message** model_stats) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(server, model_name, model_stats);
    ASSIGN_OR_RETURN(const auto models, ServerOf(server).WhoseStatistics(model_name, model_version));
    return HandOut(neso::StatisticsToJson(models), model_stats);
  });
}

TRITONSERVER_Error* TRITONSERVER_ServerModelConfig(TRITONSERVER_Server* server, const char* model_name,
                                                   const int64_t model_version, const uint32_t config_version,
                                                   TRITONSERVER_Message** model_config) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(server, model_name, model_config);
    ASSIGN_OR_RETURN(const neso::ModelHandle model,
                     ServerOf(server).WhoseConfig(model_name, model_version, config_version));
    return HandOut(neso::ModelConfigToJson(model->config()), model_config);
  });
}

TRITONSERVER_Error* TRITONSERVER_ServerModelIndex(TRITONSERVER_Server* server, uint32_t flags,
                                                  TRITONSERVER_Message** model_index) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(server, model_index);
    const bool ready_only = (flags & TRITONSERVER_INDEX_FLAG_READY) != 0;
    ASSIGN_OR_RETURN(const std::vector<neso::ModelIndexEntry> index, ServerOf(server).Index(ready_only));
    return HandOut(neso::ModelIndexToJson(index), model_index);
  });
}

TRITONSERVER_Error* TRITONSERVER_ServerMetrics(TRITONSERVER_Server* server, TRITONSERVER_Metrics** metrics) {
  return ApiCall([&]() -> Status {
    REQUIRE_ARGUMENTS(server, metrics);
    *metrics = new neso::MetricsText(ServerOf(server).MetricsText(neso::MetricFormat::kText));
    return {};
  });
}
