#include "grpc/grpc_connection.h"

#include <grpc/grpc.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>
#include <sstream>

namespace triton {
namespace client {
namespace {

constexpr char kShareCountVariable[] = "TRITON_CLIENT_GRPC_CHANNEL_MAX_SHARE_COUNT";
constexpr long kShareCount = 6;

Error ReadFile(std::string* content, const char* what, const std::string& path) {
  if (path.empty()) return Error::Success;
  std::ifstream file(path, std::ios::binary);
  // Not by iterators of its buffer, which throw what they cannot read, of a folder, say.
  char part[4096];
  while (file.read(part, sizeof part) || file.gcount() > 0) content->append(part, static_cast<size_t>(file.gcount()));
  if (!file.eof()) return Error(std::string(what) + ": cannot read '" + path + "': " + std::strerror(errno));
  return Error::Success;
}

Error MakeCredentials(std::shared_ptr<grpc::ChannelCredentials>* credentials, bool use_ssl, const SslOptions& ssl) {
  if (!use_ssl) {
    *credentials = grpc::InsecureChannelCredentials();
    return Error::Success;
  }
  grpc::SslCredentialsOptions pem;
  if (Error error = ReadFile(&pem.pem_root_certs, "root_certificates", ssl.root_certificates); !error.IsOk())
    return error;
  if (Error error = ReadFile(&pem.pem_private_key, "private_key", ssl.private_key); !error.IsOk()) return error;
  if (Error error = ReadFile(&pem.pem_cert_chain, "certificate_chain", ssl.certificate_chain); !error.IsOk())
    return error;
  *credentials = grpc::SslCredentials(pem);
  return Error::Success;
}

Error Make(std::shared_ptr<GrpcConnection>* connection, const GrpcConnection::Options& options) {
  std::shared_ptr<grpc::ChannelCredentials> credentials;
  if (Error error = MakeCredentials(&credentials, options.use_ssl, options.ssl); !error.IsOk()) return error;
  grpc::ChannelArguments arguments = options.arguments;
  // Without it, gRPC uses one connection for all channels that are alike.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  *connection = std::make_shared<GrpcConnection>(grpc::CreateCustomChannel(options.url, credentials, arguments));
  return Error::Success;
}

// Equal for options that may share a connection.
std::string KeyOf(const GrpcConnection::Options& options) {
  std::ostringstream key;
  key << options.url << '\n' << options.use_ssl;
  for (const std::string* path :
       {&options.ssl.root_certificates, &options.ssl.private_key, &options.ssl.certificate_chain}) {
    key << '\n' << *path;
  }
  const grpc_channel_args arguments = options.arguments.c_channel_args();
  for (size_t i = 0; i < arguments.num_args; ++i) {
    const grpc_arg& argument = arguments.args[i];
    key << '\n' << argument.key << '=';
    switch (argument.type) {
      case GRPC_ARG_STRING: key << argument.value.string; break;
      case GRPC_ARG_INTEGER: key << argument.value.integer; break;
      case GRPC_ARG_POINTER: key << argument.value.pointer.p; break;
    }
  }
  return key.str();
}

Error ReadShareCount(long* count) {
  *count = kShareCount;
  const char* text = std::getenv(kShareCountVariable);
  if (text == nullptr) return Error::Success;
  char* end;
  *count = std::strtol(text, &end, 10);
  if (end != text && *end == '\0') return Error::Success;
  return Error(std::string(kShareCountVariable) + ": expected a number, got '" + text + "'");
}

class Shared {
 public:
  static Shared& OfProcess() {
    static auto* const shared = new Shared;  // clients may outlive static objects
    return *shared;
  }

  Error Open(std::shared_ptr<GrpcConnection>* connection, const GrpcConnection::Options& options) {
    long share_count;
    if (Error error = ReadShareCount(&share_count); !error.IsOk()) return error;
    const std::lock_guard<std::mutex> lock(mutex_);
    std::weak_ptr<GrpcConnection>& entry = entries_[KeyOf(options)];
    const std::shared_ptr<GrpcConnection> existing = entry.lock();
    // `existing` itself counts as one.
    if (existing != nullptr && existing.use_count() <= share_count) {
      *connection = existing;
      return Error::Success;
    }
    if (Error error = Make(connection, options); !error.IsOk()) return error;
    entry = *connection;
    return Error::Success;
  }

  size_t Count() {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (auto entry = entries_.begin(); entry != entries_.end();)
      entry = entry->second.expired() ? entries_.erase(entry) : std::next(entry);
    return entries_.size();
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::weak_ptr<GrpcConnection>> entries_;  // guarded by mutex_
};

template <typename IsLegal>
bool Is(IsLegal is_legal, const std::string& text) {
  return is_legal(grpc_slice_from_static_buffer(text.data(), text.size())) != 0;
}

}  // namespace

Error GrpcConnection::Open(std::shared_ptr<GrpcConnection>* connection, const Options& options, bool may_share) {
  return may_share ? Shared::OfProcess().Open(connection, options) : Make(connection, options);
}

size_t GrpcConnection::SharedCount() { return Shared::OfProcess().Count(); }

Error PrepareContext(grpc::ClientContext* context, const Headers& headers, uint64_t timeout_us,
                     grpc_compression_algorithm compression) {
  for (const auto& [name, value] : headers) {
    std::string key = name;
    std::transform(key.begin(), key.end(), key.begin(), [](unsigned char c) { return std::tolower(c); });
    const bool is_binary = key.size() > 4 && key.compare(key.size() - 4, 4, "-bin") == 0;
    if (!Is(grpc_header_key_is_legal, key))
      return Error("header '" + name + "': expected a name of letters, digits, '-', '_' and '.'");
    if (!is_binary && !Is(grpc_header_nonbin_value_is_legal, value))
      return Error("header '" + name + "': expected a value of visible ASCII characters and blanks");
    context->AddMetadata(key, value);
  }
  // What the clock cannot count is for ever, too.
  constexpr std::chrono::microseconds kLongest = std::chrono::hours(24 * 365 * 100);
  if (timeout_us != 0 && timeout_us <= static_cast<uint64_t>(kLongest.count()))
    context->set_deadline(std::chrono::system_clock::now() + std::chrono::microseconds(timeout_us));
  context->set_compression_algorithm(compression);
  return Error::Success;
}

Error ErrorOf(const grpc::Status& status) {
  if (status.ok()) return Error::Success;
  if (!status.error_message().empty()) return Error(status.error_message());
  return Error("the server answered with gRPC status " + std::to_string(status.error_code()));
}

}  // namespace client
}  // namespace triton
