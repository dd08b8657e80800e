#include "backend/backend_config.h"

#include <gtest/gtest.h>

namespace neso {
namespace {

BackendOptions Options() {
  BackendOptions options;
  options.backend_directory = "/b";
  options.min_compute_capability = 7.5;
  return options;
}

TEST(BackendConfigTest, ListsWhatTheServerTellsEveryBackend) {
  EXPECT_EQ(BackendConfigJson(Options(), "foo"),
            R"({"cmdline":{"auto-complete-config":"true","backend-directory":"/b","min-compute-capability":"7.500000",)"
            R"("default-max-batch-size":"4"}})");
}

TEST(BackendConfigTest, SortsSettingsAndAppendsDefaults) {
  BackendOptions options = Options();
  options.settings["foo"] = {{"zeta", "1"}, {"alpha", "2"}};
  options.settings[""] = {{"glob", "3"}};
  options.settings["other"] = {{"unseen", "4"}};
  options.auto_complete = false;
  EXPECT_EQ(BackendConfigJson(options, "foo"),
            R"({"cmdline":{"alpha":"2","auto-complete-config":"false","backend-directory":"/b","glob":"3",)"
            R"("min-compute-capability":"7.500000","zeta":"1","default-max-batch-size":"4"}})");
}

TEST(BackendConfigTest, LetsABackendsOwnSettingWin) {
  BackendOptions options = Options();
  options.settings[""] = {{"default-max-batch-size", "8"}};
  options.settings["foo"] = {{"default-max-batch-size", "16"}};
  EXPECT_EQ(BackendConfigJson(options, "foo"),
            R"({"cmdline":{"auto-complete-config":"true","backend-directory":"/b","default-max-batch-size":"16",)"
            R"("min-compute-capability":"7.500000"}})");
}

}  // namespace
}  // namespace neso
