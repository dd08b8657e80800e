#include "net/server_context.h"

#include <utility>

namespace neso::net {

ServerContext::Connections::iterator ServerContext::Enlist(std::shared_ptr<Connection> connection) {
  MutexLock lock(mutex);
  count.fetch_add(1, std::memory_order_relaxed);
  return connections.insert(connections.end(), std::move(connection));
}

std::shared_ptr<Connection> ServerContext::Delist(Connections::iterator position) {
  MutexLock lock(mutex);
  std::shared_ptr<Connection> connection = std::move(*position);
  connections.erase(position);
  count.fetch_sub(1, std::memory_order_relaxed);
  if (connections.empty()) changed.NotifyAll();
  return connection;
}

std::vector<std::shared_ptr<Connection>> ServerContext::Select(
    const std::function<bool(const Connection&)>& wanted) const {
  std::vector<std::shared_ptr<Connection>> selected;
  MutexLock lock(mutex);
  for (const std::shared_ptr<Connection>& connection : connections) {
    if (wanted(*connection)) selected.push_back(connection);
  }
  return selected;
}

void ServerContext::EndCall() {
  if (calls.fetch_sub(1) == 1 && waiting) {
    MutexLock lock(mutex);
    changed.NotifyAll();
  }
}

void ServerContext::WaitUntilQuiet() {
  waiting = true;
  MutexLock lock(mutex);
  while (!connections.empty() || calls != 0) changed.Wait(mutex);
}

}  // namespace neso::net
