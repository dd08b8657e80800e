#include "net/server_core.h"

#include <algorithm>
#include <utility>

#include "net/connection.h"

namespace neso::net {

ServerCore::ServerCore(ReactorPool& reactors, std::shared_ptr<ServerContext> context, ListenSocket socket)
    : sentinel_(reactors.sentinel()),
      context_(std::move(context)),
      listener_(std::make_shared<Listener>(reactors, context_, std::move(socket))),
      port_(listener_->port()) {
  sentinel_.AddSweepable(this);
}

ServerCore::~ServerCore() {
  BeginDrain(nullptr);
  context_->ending = true;
  EnterAll(kAbort);
  context_->WaitUntilQuiet();
  sentinel_.RemoveSweepable(this);
}

void ServerCore::BeginDrain(std::shared_ptr<Event> changed) {
  if (!context_->BeginDrain(std::move(changed))) return;
  listener_->Stop();
  EnterAll(kDrain);
}

size_t ServerCore::BusyCount() const {
  return context_->Count([](const Connection& connection) { return connection.is_busy(); });
}

void ServerCore::EndIdle() { EnterAll(kSpare); }

void ServerCore::EnterAll(uint32_t bits) {
  for (const auto& connection : context_->Select([](const Connection&) { return true; }))
    connection->Enter(bits, nullptr);
}

TimePoint ServerCore::Sweep(TimePoint now) {
  TimePoint next = TimePoint::max();
  const auto overdue = context_->Select([&](const Connection& connection) {
    if (connection.IsOverdue(now)) return true;
    next = std::min(next, connection.deadline());
    return false;
  });
  // Each sets its next limit when it has handled this one.
  for (const auto& connection : overdue) connection->Enter(kDeadline, nullptr);
  return next;
}

}  // namespace neso::net
