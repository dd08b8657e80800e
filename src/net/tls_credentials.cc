#include "net/tls_credentials.h"

#include <utility>

#include "base/log.h"

namespace neso::net {

TlsCredentials::Stamps TlsCredentials::StampsOf(const TlsSettings& settings) {
  return {FileStamp(settings.certificate_file), FileStamp(settings.key_file), FileStamp(settings.client_roots_file)};
}

Expected<std::shared_ptr<TlsCredentials>> TlsCredentials::Load(std::string service, TlsSettings settings,
                                                               MakeTlsContext make, const Clock& clock) {
  // Before they are read, so that a change meanwhile is seen at the next look.
  Stamps stamps = StampsOf(settings);
  ASSIGN_OR_RETURN(std::unique_ptr<TlsContext> context, make(settings));
  return std::shared_ptr<TlsCredentials>(
      new TlsCredentials(std::move(service), std::move(settings), std::move(make), clock, stamps, std::move(context)));
}

TlsCredentials::TlsCredentials(std::string service, TlsSettings settings, MakeTlsContext make, const Clock& clock,
                               Stamps stamps, std::unique_ptr<TlsContext> context)
    : service_(std::move(service)),
      settings_(std::move(settings)),
      make_(std::move(make)),
      clock_(clock),
      seen_(stamps),
      next_look_(clock.Now() + kLookEvery),
      current_(std::move(context)) {}

std::unique_ptr<TlsTransport> TlsCredentials::Accept(Transport& socket) {
  MutexLock lock(mutex_);
  if (!looking_ && clock_.Now() >= next_look_) {
    looking_ = true;  // who comes meanwhile goes on with what there is
    lock.Unlock();
    std::shared_ptr<const TlsContext> changed = Look();
    lock.Lock();
    looking_ = false;
    next_look_ = clock_.Now() + kLookEvery;
    if (changed) current_ = std::move(changed);
  }
  const std::shared_ptr<const TlsContext> context = current_;
  lock.Unlock();
  return context->Accept(socket);
}

std::shared_ptr<const TlsContext> TlsCredentials::Look() {
  const Stamps stamps = StampsOf(settings_);
  if (stamps == seen_) return nullptr;
  seen_ = stamps;
  Expected<std::unique_ptr<TlsContext>> changed = make_(settings_);
  if (!changed) {
    LOG_ERROR("{} service: the changed certificate cannot be used, the one before stays: {}", service_,
              changed.error().message());
    return nullptr;
  }
  LOG_INFO("{} service: new connections get the changed certificate of '{}'", service_, settings_.certificate_file);
  return *std::move(changed);
}

}  // namespace neso::net
