#include "net/server_context.h"

#include <algorithm>
#include <utility>

#include "net/connection.h"

namespace neso::net {
namespace {
// A crowd that has left: what its connections took, a dozen KiB each, goes back to the system.
constexpr size_t kCrowd = 512;
}  // namespace

ServerContext::Connections::iterator ServerContext::Enlist(std::shared_ptr<Connection> connection) {
  load.accepted_connections.fetch_add(1, std::memory_order_relaxed);
  MutexLock lock(mutex);
  peak = std::max(peak, load.connections.fetch_add(1, std::memory_order_relaxed) + 1);
  NoteIdle();
  return connections.insert(connections.end(), std::move(connection));
}

std::shared_ptr<Connection> ServerContext::Delist(Connections::iterator position) {
  MutexLock lock(mutex);
  std::shared_ptr<Connection> connection = std::move(*position);
  connections.erase(position);
  const size_t left = load.connections.fetch_sub(1, std::memory_order_relaxed) - 1;
  if (connections.empty()) changed.NotifyAll();
  // Of many idle ones that are closed only the last is worth a look.
  if (connections.empty() || connection->is_busy()) NoteIdle();
  if (peak - left >= kCrowd && left <= peak / 2) {
    peak = left;
    sentinel.RequestTrim();
  }
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

size_t ServerContext::Count(const std::function<bool(const Connection&)>& wanted) const {
  MutexLock lock(mutex);
  return static_cast<size_t>(std::count_if(connections.begin(), connections.end(),
                                           [&](const auto& connection) { return wanted(*connection); }));
}

bool ServerContext::BeginDrain(std::shared_ptr<Event> watcher) {
  MutexLock lock(mutex);
  if (draining) return false;
  drain_watcher = std::move(watcher);
  draining = true;
  return true;
}

std::vector<std::shared_ptr<Connection>> ServerContext::TakeTurns(size_t count) {
  std::vector<std::shared_ptr<Connection>> taken;
  MutexLock lock(mutex);
  for (size_t left = std::min(count, connections.size()); left > 0; left--) {
    taken.push_back(connections.front());
    connections.splice(connections.end(), connections, connections.begin());
  }
  return taken;
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
