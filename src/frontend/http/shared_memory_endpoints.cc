#include "frontend/http/shared_memory_endpoints.h"

#include "frontend/http/body_text.h"
#include "frontend/http/reply.h"
#include "frontend/http/shared_memory_request.h"
#include "frontend/http/slow_reply.h"

namespace neso {
namespace {

Status CheckNamed(std::string_view region, std::string_view kind) {
  if (!region.empty()) return {};
  return InvalidArg("'region name' is necessary to register {} shared memory region", kind);
}

void Reply(net::HttpExchange& exchange, const Status& status) {
  if (!status.ok()) return ReplyError(exchange, status);
  ReplyEmpty(exchange, 200, kJsonType);
}

}  // namespace

void SharedMemoryEndpoints::List(RegionKind kind, const Route& route, net::HttpExchange& exchange) const {
  const Expected<std::vector<RegionInfo>> regions = regions_.List(kind, route.region);
  if (!regions) return ReplyError(exchange, regions.error());
  ReplyJson(exchange, RegionsJson(kind, *regions));
}

void SharedMemoryEndpoints::RegisterSystem(const Route& route, net::HttpExchange& exchange) {
  const auto run = [&]() -> Status {
    RETURN_IF_ERROR(regions_.CheckAllowed());
    RETURN_IF_ERROR(CheckNamed(route.region, "system"));
    ASSIGN_OR_RETURN(const SystemRegistration registration, ParseSystemRegistration(BodyText(exchange)));
    return regions_.RegisterSystem(route.region, registration);
  };
  Reply(exchange, run());
}

void SharedMemoryEndpoints::RegisterCuda(const Route& route, net::HttpExchangeRef exchange) {
  Status status = regions_.CheckAllowed();
  if (status.ok()) status = CheckNamed(route.region, "cuda");
  if (!status.ok()) return Reply(*exchange, status);
  Expected<CudaRegistration> registration = ParseCudaRegistration(BodyText(*exchange));
  if (!registration) return ReplyError(*exchange, registration.error());
  PostReply(slow_work_, exchange,
            [this, name = std::string(route.region), registration = *std::move(registration)](
                net::HttpExchange& exchange) { Reply(exchange, regions_.RegisterCuda(name, registration)); });
}

void SharedMemoryEndpoints::Unregister(RegionKind kind, const Route& route, net::HttpExchange& exchange) {
  Reply(exchange, regions_.Unregister(kind, route.region));
}

}  // namespace neso
