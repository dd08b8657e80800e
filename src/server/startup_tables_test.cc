#include "server/startup_tables.h"

#include <gtest/gtest.h>

#include "base/table.h"

namespace neso {
namespace {

TEST(StartupTablesTest, RepositoryAgentsWithNoneLoaded) {
  EXPECT_EQ(DrawTable(RepositoryAgentTable({}), 500),
            "+------------------+------+\n"
            "| Repository Agent | Path |\n"
            "+------------------+------+\n"
            "+------------------+------+\n");
}

TEST(StartupTablesTest, BackendsShowPathAndCommandLineConfig) {
  EXPECT_EQ(DrawTable(BackendTable({{"identity", "/b/libtriton_identity.so", "{\"cmdline\":{}}"}}), 500),
            "+----------+--------------------------+----------------+\n"
            "| Backend  | Path                     | Config         |\n"
            "+----------+--------------------------+----------------+\n"
            "| identity | /b/libtriton_identity.so | {\"cmdline\":{}} |\n"
            "+----------+--------------------------+----------------+\n");
}

TEST(StartupTablesTest, ModelsShowVersionAndStatus) {
  EXPECT_EQ(DrawTable(ModelTable({{"digits", 1, "READY", ""},
                                  {"digits", 12, "UNAVAILABLE", "Internal: no file"},
                                  {"empty", -1, "UNAVAILABLE", "x"}}),
                      500),
            "+--------+---------+----------------------------------------+\n"
            "| Model  | Version | Status                                 |\n"
            "+--------+---------+----------------------------------------+\n"
            "| digits | 1       | READY                                  |\n"
            "| digits | 12      | UNAVAILABLE: Internal: no file         |\n"
            "| empty  | -       | Not loaded: No model version was found |\n"
            "+--------+---------+----------------------------------------+\n");
}

TEST(StartupTablesTest, KeepAliveShowsAgesOnlyWhenThereAreLimits) {
  GrpcOptions options;
  EXPECT_EQ(DrawTable(KeepAliveTable(options), 500),
            "+----------------------------------------------+---------+\n"
            "| GRPC KeepAlive Option                        | Value   |\n"
            "+----------------------------------------------+---------+\n"
            "| keepalive_time_ms                            | 7200000 |\n"
            "| keepalive_timeout_ms                         | 20000   |\n"
            "| keepalive_permit_without_calls               | 0       |\n"
            "| http2_max_pings_without_data                 | 2       |\n"
            "| http2_min_recv_ping_interval_without_data_ms | 300000  |\n"
            "| http2_max_ping_strikes                       | 2       |\n"
            "+----------------------------------------------+---------+\n");
  options.max_connection_age_ms = 5000;
  options.max_connection_age_grace_ms = 100;
  const TableRows rows = KeepAliveTable(options);
  ASSERT_EQ(rows.size(), 9u);
  EXPECT_EQ(rows[7], (std::vector<std::string>{"max_connection_age_ms", "5000"}));
  EXPECT_EQ(rows[8], (std::vector<std::string>{"max_connection_age_grace_ms", "100"}));
}

TEST(StartupTablesTest, OptionsInTheirOrder) {
  ServerOptions options;
  options.model_repositories = {"/a", "/b"};
  options.control_mode = TRITONSERVER_MODEL_CONTROL_EXPLICIT;
  options.startup_models = {"m"};
  options.strict_model_config = false;
  options.cuda_memory_pool_bytes = {{0, 67108864}};
  options.rate_limit_resources = {{.name = "R", .count = 4, .device = -1}};
  EXPECT_EQ(DrawTable(OptionTable(options, "2.73.0", {"classification", "sequence"}), 500),
            "+----------------------------------+---------------------------------------+\n"
            "| Option                           | Value                                 |\n"
            "+----------------------------------+---------------------------------------+\n"
            "| server_id                        | triton                                |\n"
            "| server_version                   | 2.73.0                                |\n"
            "| server_extensions                | classification sequence               |\n"
            "| model_repository_path[0]         | /a                                    |\n"
            "| model_repository_path[1]         | /b                                    |\n"
            "| model_control_mode               | MODE_EXPLICIT                         |\n"
            "| startup_models_0                 | m                                     |\n"
            "| strict_model_config              | 0                                     |\n"
            "| model_config_name                |                                       |\n"
            "| rate_limit                       | OFF                                   |\n"
            "| rate_limit_resource[0]           | {\"name\":\"R\",\"device\":\"all\",\"count\":4} |\n"
            "| pinned_memory_pool_byte_size     | 268435456                             |\n"
            "| cuda_memory_pool_byte_size{0}    | 67108864                              |\n"
            "| min_supported_compute_capability | 7.5                                   |\n"
            "| strict_readiness                 | 1                                     |\n"
            "| exit_timeout                     | 30                                    |\n"
            "| cache_enabled                    | 0                                     |\n"
            "+----------------------------------+---------------------------------------+\n");
}

}  // namespace
}  // namespace neso
