#include "server/life.h"

#include <memory>

#include "base/log.h"
#include "server/upgrade.h"

namespace neso {
namespace {

constexpr std::chrono::milliseconds kNoLimit{-1};

std::unique_ptr<Upgrade> BeginUpgrade(Services& services, ServiceManager& manager,
                                      const std::vector<std::string>& arguments) {
  LOG_INFO("a new process of '{}' is started, to take over", arguments[0]);
  Expected<std::unique_ptr<Upgrade>> begun = Upgrade::Begin(arguments, services.ListeningSockets());
  if (!begun) {
    LOG_ERROR("nothing takes over: {}", begun.error().message());
    return nullptr;
  }
  manager.Describe("Serving, until a new process has loaded its models");
  return *std::move(begun);
}

// True when the new process serves.
bool FinishUpgrade(Upgrade& upgrade, Services& services, ServiceManager& manager) {
  const Expected<pid_t> successor = upgrade.Finish();
  if (!successor) {
    LOG_ERROR("nothing takes over: {}; this process goes on serving", successor.error().message());
    manager.Describe("Serving; an upgrade has failed");
    return false;
  }
  services.LeaveSockets();
  manager.HandOver(*successor);
  LOG_INFO("process {} has taken over; this one finishes what is under way", *successor);
  return true;
}

}  // namespace

End ServeUntilEnd(const Signals& signals, Services& services, ServiceManager& manager,
                  const std::vector<std::string>& arguments) {
  std::unique_ptr<Upgrade> upgrade;
  while (true) {
    const std::optional<Signals::Asked> asked = signals.Wait(kNoLimit, upgrade ? upgrade->fd() : -1);
    if (asked == Signals::Asked::kStop) return End::kAsked;
    if (asked == Signals::Asked::kUpgrade) {
      if (!upgrade) upgrade = BeginUpgrade(services, manager, arguments);
    } else if (upgrade) {  // it has answered
      if (FinishUpgrade(*upgrade, services, manager)) return End::kTakenOver;
      upgrade = nullptr;
    }
  }
}

}  // namespace neso
