#include "observe/opentelemetry/otlp_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace neso {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

Expected<OtlpSettings> Make(const TextPairs& given, const std::map<std::string, std::string>& environment = {}) {
  return MakeOtlpSettings(given, [&](const char* name) {
    const auto found = environment.find(name);
    return found == environment.end() ? nullptr : found->second.c_str();
  });
}

TEST(OtlpSettingsTest, DefaultsAreOpenTelemetrys) {
  const OtlpSettings settings = *Make({});
  EXPECT_EQ(settings.endpoint.url, "http://localhost:4318/v1/traces");
  EXPECT_THAT(settings.endpoint.headers, IsEmpty());
  EXPECT_FALSE(settings.endpoint.compress);
  EXPECT_EQ(settings.timeout, milliseconds(10'000));
  EXPECT_EQ(settings.max_queue_size, 2048U);
  EXPECT_EQ(settings.schedule_delay, milliseconds(5000));
  EXPECT_EQ(settings.max_export_batch_size, 512U);
  EXPECT_THAT(settings.resource, ElementsAre(Pair("service.name", "triton-inference-server")));
}

TEST(OtlpSettingsTest, WhatIsGivenCountsMoreThanTheEnvironment) {
  const OtlpSettings settings = *Make({{"url", "https://c/v1/traces"},
                                       {"bsp_max_queue_size", "64"},
                                       {"resource", "service.name=s"},
                                       {"resource", "a=b=c"},
                                       {"bsp_max_export_batch_size", "8"},
                                       {"bsp_schedule_delay", "7"}},
                                      {{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://other:1"},
                                       {"OTEL_BSP_MAX_QUEUE_SIZE", "1000"},
                                       {"OTEL_SERVICE_NAME", "t"},
                                       {"OTEL_RESOURCE_ATTRIBUTES", "a=x,host.name=h%20h"}});
  EXPECT_EQ(settings.endpoint.url, "https://c/v1/traces");
  EXPECT_EQ(settings.max_queue_size, 64U);
  EXPECT_EQ(settings.max_export_batch_size, 8U);
  EXPECT_EQ(settings.schedule_delay, milliseconds(7));
  EXPECT_THAT(settings.resource, ElementsAre(Pair("service.name", "s"), Pair("a", "b=c"), Pair("host.name", "h h")));
}

TEST(OtlpSettingsTest, TheEnvironmentSaysTheRest) {
  const OtlpSettings settings = *Make({}, {{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://other:1/"},
                                           {"OTEL_EXPORTER_OTLP_HEADERS", "api-key=k%2Cx, tenant = t"},
                                           {"OTEL_EXPORTER_OTLP_TIMEOUT", "250"},
                                           {"OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"},
                                           {"OTEL_EXPORTER_OTLP_CERTIFICATE", "/ca.pem"},
                                           {"OTEL_BSP_SCHEDULE_DELAY", "11"},
                                           {"OTEL_SERVICE_NAME", "s"}});
  EXPECT_EQ(settings.endpoint.url, "http://other:1/v1/traces");
  EXPECT_THAT(settings.endpoint.headers, ElementsAre(Pair("api-key", "k,x"), Pair("tenant", "t")));
  EXPECT_EQ(settings.timeout, milliseconds(250));
  EXPECT_TRUE(settings.endpoint.compress);
  EXPECT_EQ(settings.endpoint.authorities_file, "/ca.pem");
  EXPECT_EQ(settings.schedule_delay, milliseconds(11));
  EXPECT_THAT(settings.resource, ElementsAre(Pair("service.name", "s")));
}

TEST(OtlpSettingsTest, VariablesForTracesCountMoreThanThoseForAllSignals) {
  const OtlpSettings settings = *Make({}, {{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://all"},
                                           {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://traces/path"},
                                           {"OTEL_EXPORTER_OTLP_HEADERS", "a=1"},
                                           {"OTEL_EXPORTER_OTLP_TRACES_HEADERS", "b=2"}});
  EXPECT_EQ(settings.endpoint.url, "http://traces/path") << "as it is";
  EXPECT_THAT(settings.endpoint.headers, ElementsAre(Pair("b", "2")));
}

TEST(OtlpSettingsTest, EmptyVariablesAreNone) {
  EXPECT_EQ(Make({}, {{"OTEL_BSP_MAX_QUEUE_SIZE", ""}, {"OTEL_EXPORTER_OTLP_ENDPOINT", ""}})->max_queue_size, 2048U);
}

TEST(OtlpSettingsTest, ABatchIsNoLargerThanTheQueue) {
  EXPECT_EQ(Make({{"bsp_max_queue_size", "100"}})->max_export_batch_size, 100U);
  EXPECT_EQ(Make({{"bsp_max_queue_size", "100"}, {"bsp_max_export_batch_size", "101"}}).error().message(),
            "bsp_max_export_batch_size: expected at most bsp_max_queue_size, which is 100, got 101");
}

TEST(OtlpSettingsTest, MistakesAreNamed) {
  const struct {
    TextPairs given;
    std::map<std::string, std::string> environment;
    const char* error;
  } cases[] = {
      {{{"url", "c:4318"}}, {}, "url: expected http://<host>:<port>/<path> or https://..., got 'c:4318'"},
      {{{"resource", "a"}}, {}, "resource: expected <name>=<value>, got 'a'"},
      {{{"bsp_schedule_delay", "0"}}, {}, "bsp_schedule_delay: expected a number from 1 to 3600000, got '0'"},
      {{}, {{"OTEL_BSP_MAX_QUEUE_SIZE", "-1"}}, "OTEL_BSP_MAX_QUEUE_SIZE: expected a number from 1"},
      {{}, {{"OTEL_EXPORTER_OTLP_HEADERS", "a"}}, "OTEL_EXPORTER_OTLP_HEADERS: expected <name>=<value>"},
      {{}, {{"OTEL_EXPORTER_OTLP_ENDPOINT", "x"}}, "OTEL_EXPORTER_OTLP_ENDPOINT: expected http://"},
      {{}, {{"OTEL_EXPORTER_OTLP_TIMEOUT", "5s"}}, "OTEL_EXPORTER_OTLP_TIMEOUT: expected a number"},
  };
  for (const auto& [given, environment, error] : cases) {
    EXPECT_THAT(Make(given, environment).error().message(), HasSubstr(error));
  }
}

TEST(OtlpSettingsTest, NobodyIsShownAPassword) {
  EXPECT_EQ(UrlToShow("http://me:secret@host:4318/v1/traces"), "http://***@host:4318/v1/traces");
  EXPECT_EQ(UrlToShow("https://t@ken@host"), "https://***@host");
  EXPECT_EQ(UrlToShow("http://host/a@b?c@d"), "http://host/a@b?c@d");
  EXPECT_EQ(UrlToShow("me:secret@host"), "***@host");
}

}  // namespace
}  // namespace neso
