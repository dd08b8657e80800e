#include "frontend/metrics/metrics_frontend.h"

#include "engine/check_options.h"
#include "frontend/http/http_access.h"
#include "frontend/http/route.h"
#include "frontend/http/slow_reply.h"
#include "frontend/metrics/metric_format.h"
#include "frontend/request_log.h"

namespace neso {
namespace {
constexpr size_t kMaxBodyBytes = 1 << 20;
}

void ReplyMetrics(const InferenceServer& server, net::HttpExchange& exchange) {
  const MetricFormat format = FormatFor(exchange.head().Find("accept"), PrefersOpenMetrics(server.options()));
  net::HttpResponse response;
  response.content_type = ContentTypeOf(format);
  response.headers.emplace_back("Vary", "Accept");
  response.body = server.MetricsText(format);
  exchange.Respond(std::move(response));
}

net::BodyPolicy MetricsFrontend::OnHead(const net::HttpHead& head) {
  net::BodyPolicy policy{.max_bytes = kMaxBodyBytes, .aligned_offset = 0};
  if (access_ != nullptr) AdmitHttp(*access_, head, {.right = AccessRight::kMetrics}, policy);
  return policy;
}

void MetricsFrontend::OnRequest(net::HttpExchangeRef exchange) {
  const net::HttpHead& head = exchange->head();
  LogHttpRequest("HTTP", head.method, head.path);
  if (head.path != "/metrics" && head.path != "/metrics/") return ReplyEmpty(*exchange, 200, kTextType);
  if (!IsRead(head.method)) return ReplyError(*exchange, 405, "Method Not Allowed", kTextType);
  PostReply(slow_work_, exchange, [this](net::HttpExchange& exchange) { ReplyMetrics(server_, exchange); });
}

}  // namespace neso
