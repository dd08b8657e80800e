#include "command/metrics_command.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include "base/json.h"
#include "base/nearest.h"
#include "base/text.h"
#include "command/asked_over_http.h"
#include "command/say.h"

namespace neso::command {
namespace {

using client::MetricFamily;
using client::MetricSample;

// The ports of a server are 8000 for HTTP, 8001 for gRPC and 8002, or as far apart elsewhere.
constexpr uint16_t kAboveHttp = 2, kAboveGrpc = 1, kMetricsPort = 8002;

struct MetricsWords {
  Asking asking;
  std::vector<std::string> names;
};

std::string LabelsText(const MetricSample& sample) {
  std::vector<std::string> texts;
  for (const auto& [name, value] : sample.labels) texts.push_back(name + "=" + value);
  return Join(texts, " ");
}

std::string NumberText(double value) { return fmt::format("{}", value); }

std::string JsonOf(const MetricSample& sample) {
  std::string text = "{\"name\":" + JsonQuoted(sample.name) + ",\"labels\":{";
  for (const auto& [name, value] : sample.labels) {
    if (&name != &sample.labels.front().first) text += ',';
    text += JsonQuoted(name) + ":" + JsonQuoted(value);
  }
  // JSON has no other numbers.
  return text + "},\"value\":" + (std::isfinite(sample.value) ? NumberText(sample.value) : "null") + "}";
}

std::string JsonOf(const std::vector<MetricFamily>& families) {
  std::string text = "{";
  for (const MetricFamily& family : families) {
    if (&family != &families.front()) text += ',';
    text += fmt::format(R"({0}:{{"name":{0},"description":{1},"type":{2},"unit":"","metrics":[)",
                        JsonQuoted(family.name), JsonQuoted(family.help), JsonQuoted(family.type));
    for (const MetricSample& sample : family.samples)
      text += (&sample == &family.samples.front() ? "" : ",") + JsonOf(sample);
    text += "]}";
  }
  return text + "}";
}

// The families whose names begin as one of `names` says.
Expected<std::vector<MetricFamily>> Choose(std::vector<MetricFamily> families, const std::vector<std::string>& names) {
  if (names.empty()) return families;
  std::vector<std::string> known;
  for (const MetricFamily& family : families) known.push_back(family.name);
  for (const std::string& name : names) {
    if (std::ranges::any_of(known, [&](const std::string& other) { return other.starts_with(name); })) continue;
    const std::vector<std::string> meant = NearestNames(name, known);
    return NotFound("the server has no metric '{}'{}; neso metrics lists them", name,
                    meant.empty() ? "" : "; did you mean " + Join(meant, " or ") + "?");
  }
  std::erase_if(families, [&names](const MetricFamily& family) {
    return std::ranges::none_of(names, [&](const std::string& name) { return family.name.starts_with(name); });
  });
  return families;
}

Expected<int> ShowMetrics(const MetricsWords& words) {
  ASSIGN_OR_RETURN(std::vector<MetricFamily> all, AskMetrics(words.asking));
  ASSIGN_OR_RETURN(const std::vector<MetricFamily> families, Choose(std::move(all), words.names));
  if (words.asking.json) {
    SayJson(JsonOf(families));
    return kDone;
  }
  std::vector<std::vector<std::string>> rows = {{"metric", "labels", "value"}};
  for (const MetricFamily& family : families) {
    for (const MetricSample& sample : family.samples)
      rows.push_back({sample.name, LabelsText(sample), NumberText(sample.value)});
  }
  SayTable(rows);
  return kDone;
}

}  // namespace

Expected<std::string> MetricsUrl(const Asking& asking) {
  const std::string& given = asking.metrics_url;
  // With TLS there is TLS here, too: what an access key travels over is not for the command to weaken.
  const std::string scheme = client::NamesTls(asking.url) ? "https://" : "";
  if (client::NamesGrpc(given))
    return InvalidArg("--metrics-url {}: metrics are asked over HTTP: expected HOST:PORT, http:// or https://", given);
  if (!given.empty()) {
    RETURN_IF_ERROR(client::ParseServerAddress(given).status());
    return given.find("://") == std::string::npos ? scheme + given : given;
  }
  ASSIGN_OR_RETURN(const client::ServerAddress server, client::ParseServerAddress(asking.url));
  client::Endpoint endpoint = server.endpoint;
  if (!endpoint.socket_path.empty()) return fmt::format("{}{}:{}", scheme, endpoint.host, kMetricsPort);
  const uint16_t above = server.protocol == client::Protocol::kGrpc ? kAboveGrpc : kAboveHttp;
  if (endpoint.port > UINT16_MAX - above)
    return InvalidArg("there is no port {} above that of '{}': --metrics-url HOST:PORT names the port of the metrics",
                      above, asking.url);
  endpoint.port = static_cast<uint16_t>(endpoint.port + above);
  return scheme + endpoint.Authority();
}

void AddMetricsUrl(CLI::App& app, Asking& asking) {
  app.add_option(
         "--metrics-url", asking.metrics_url,
         "The address of the metrics; else NESO_METRICS_URL, or two ports above that of HTTP, one above that of gRPC.")
      ->type_name("HOST:PORT")
      ->envname("NESO_METRICS_URL");
}

Expected<std::vector<MetricFamily>> AskMetrics(const Asking& asking) {
  Asking metrics = asking;
  ASSIGN_OR_RETURN(metrics.url, MetricsUrl(asking));
  ASSIGN_OR_RETURN(ServerAccess access, AccessOf(metrics));
  const Expected<client::HttpAnswer> answer = AskedOverHttp(std::move(access)).Call({.path = "/metrics"});
  if (!answer)
    return Unavailable("{}\n--metrics-url HOST:PORT names the port of the metrics", answer.error().message());
  if (answer->status != 200) return AskedOverHttp::ErrorOf(*answer);
  return client::ParseMetrics(answer->body);
}

Action SetUpMetrics(CLI::App& app, const ProgramParts& /*parts*/) {
  auto words = std::make_shared<MetricsWords>();
  app.add_option("NAME", words->names, "Only metrics whose names begin so.");
  AddMetricsUrl(app, words->asking);
  AddAskingOptions(app, words->asking, [words] { return MetricsUrl(words->asking).status(); });
  app.footer("Example:\n  neso metrics nv_inference");
  return [words] { return ShowMetrics(*words); };
}

}  // namespace neso::command
