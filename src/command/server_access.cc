#include "command/server_access.h"

#include <array>
#include <utility>

#include "base/text.h"
#include "client/access_key.h"
#include "client/dial.h"

namespace neso::command {
namespace {

Expected<client::HttpHeaders> ReadHeaders(const std::vector<std::string>& texts) {
  client::HttpHeaders headers;
  for (const std::string& text : texts) {
    const size_t colon = text.find(':');
    if (colon == std::string::npos || colon == 0)
      return InvalidArg("--header '{}': expected 'NAME: VALUE', such as 'X-Team: vision'", text);
    headers.emplace_back(ToLowerAscii(text.substr(0, colon)), TrimBlanks(std::string_view(text).substr(colon + 1)));
  }
  return headers;
}

Expected<std::shared_ptr<const net::TlsClientContext>> MakeTls(const Asking& asking) {
  return client::MakeTls({.roots_file = asking.roots_file,
                          .certificate_file = asking.certificate_file,
                          .key_file = asking.key_file,
                          .verifies_server = !asking.is_insecure});
}

// What the environment says may be for other servers; who types it means this one.
Status CheckTls(const Asking& asking) {
  if (client::NamesTls(asking.url) || client::NamesTls(asking.metrics_url)) {
    if (asking.certificate_file.empty() == asking.key_file.empty()) return {};
    return InvalidArg("--cert and --cert-key go together: a certificate is shown with its key");
  }
  const std::vector<std::string> typed = asking.TypedTlsOptions();
  if (typed.empty()) return {};
  return InvalidArg("{} is for TLS, and '{}' does without: write https:// (or grpcs:// for gRPC) before the address",
                    typed.front(), asking.url);
}

struct Hint {
  std::string_view why;  // a part of the error
  std::string_view advice;
};

constexpr std::string_view kNamePort = "\ngRPC has a port of its own, 8001 unless it was changed";
constexpr std::string_view kNameSocket = "\ngRPC has a socket of its own, and grpc://unix:PATH asks it";
constexpr std::string_view kShowCertificate = "\nif it wants to know who asks: --cert FILE --cert-key FILE";
// Over TLS; the first that fits.
constexpr std::array kTlsHints = {
    Hint{"TLS: wrong version number", "\nit does not speak TLS there: http:// and grpc:// do without"},
    Hint{"TLS: the other side has gone", "\nif it does not speak TLS there: http:// and grpc:// do without"},
    Hint{"TLS: the server does not agree to HTTP/2", kNamePort},
    Hint{"alert", kShowCertificate},
    Hint{"TLS: no answer in time", "\n--timeout SECONDS waits longer"},
    Hint{"TLS: ", "\n--cacert FILE says who has to have signed its certificate; --insecure does not look at it"},
    Hint{"closed the connection", kShowCertificate},
};
constexpr std::array kPlainHints = {
    Hint{"cannot connect",
         "\n'neso serve FILE' or 'neso --model-repository=FOLDER' starts a server; --url HOST:PORT names another one"},
    Hint{"closed the connection",
         "\nif it speaks TLS there: https:// and grpcs:// do; if it speaks gRPC: grpc:// before the address does"},
    Hint{"the connection is over", "\nif it speaks TLS there: https:// and grpcs:// do"},
};

std::string_view AdviceFor(std::string_view why, bool uses_tls) {
  for (const Hint& hint : kTlsHints) {
    if (uses_tls && why.find(hint.why) != std::string_view::npos) return hint.advice;
  }
  for (const Hint& hint : kPlainHints) {
    if (why.find(hint.why) != std::string_view::npos) return hint.advice;
  }
  return {};
}

}  // namespace

Status ServerAccess::Explain(const Status& error) const {
  const std::string& why = error.message();
  const bool is_late = why.ends_with("in time") || why.find("DEADLINE_EXCEEDED") != std::string::npos;
  if (is_late && why.find("TLS: ") == std::string::npos)
    return {error.code(), fmt::format("{}: --timeout SECONDS waits longer than {} ms", why, timeout.count())};
  if (why.ends_with("longer than is allowed here"))
    return {error.code(), fmt::format("{}: --max-answer-mib N takes more than {}", why, max_answer_bytes >> 20)};
  if (why.starts_with("UNAUTHENTICATED")) return {error.code(), why + std::string(client::kAccessKeyHint)};
  if (why.starts_with("the server answers with HTTP status"))
    return {error.code(), why + std::string(endpoint.socket_path.empty() ? kNamePort : kNameSocket)};
  if (error.code() != StatusCode::kUnavailable) return error;
  return {error.code(), why + std::string(AdviceFor(why, endpoint.uses_tls))};
}

Status CheckAsking(const Asking& asking) {
  RETURN_IF_ERROR(client::ParseServerAddress(asking.url).status());
  RETURN_IF_ERROR(ReadHeaders(asking.headers).status());
  return CheckTls(asking);
}

Expected<ServerAccess> AccessOf(const Asking& asking) {
  ASSIGN_OR_RETURN(client::ServerAddress address, client::ParseServerAddress(asking.url));
  ServerAccess access{.endpoint = std::move(address.endpoint),
                      .protocol = address.protocol,
                      .headers = {},
                      .timeout = asking.timeout(),
                      .max_answer_bytes = asking.max_answer_mib << 20};
  ASSIGN_OR_RETURN(access.headers, ReadHeaders(asking.headers));
  RETURN_IF_ERROR(client::AddAccessKey(asking.api_key, access.headers));
  if (access.endpoint.uses_tls) {
    ASSIGN_OR_RETURN(access.endpoint.tls, MakeTls(asking));
  }
  return access;
}

}  // namespace neso::command
