#include "object_store/store_url.h"

#include <algorithm>
#include <vector>

#include "base/text.h"

namespace neso::object_store {
namespace {

constexpr std::string_view kHttp = "http://";
constexpr std::string_view kHttps = "https://";

bool IsNumber(std::string_view text) {
  return !text.empty() && text.size() <= 5 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool HasPort(std::string_view authority) {
  const size_t colon = authority.rfind(':');
  return colon != std::string_view::npos && IsNumber(authority.substr(colon + 1));
}

// "host", "host:port", "[::1]" or "[::1]:port".
bool IsAuthority(std::string_view text) {
  if (HasPort(text)) text = text.substr(0, text.rfind(':'));
  const bool is_address = text.size() > 2 && text.starts_with('[') && text.ends_with(']');
  if (is_address) text = text.substr(1, text.size() - 2);
  const auto belongs = [is_address](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
           c == '_' || (c == ':' && is_address);
  };
  return !text.empty() && std::all_of(text.begin(), text.end(), belongs);
}

// Buckets, containers and accounts: what all three stores allow in them, and what older ones of Amazon have.
bool IsBucket(std::string_view name) {
  const auto belongs = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
           c == '_' || c == '$';
  };
  return !name.empty() && name != "." && name != ".." && std::all_of(name.begin(), name.end(), belongs);
}

// Takes the first piece of "a//b/c" off.
std::string_view TakePiece(std::string_view& path) {
  path.remove_prefix(std::min(path.find_first_not_of('/'), path.size()));
  const std::string_view piece = path.substr(0, path.find('/'));
  path.remove_prefix(piece.size());
  return piece;
}

Expected<std::string> FolderOf(std::string_view path, std::string_view whole) {
  std::string folder;
  while (true) {
    const std::string_view piece = TakePiece(path);
    if (piece.empty()) return folder;
    if (piece == "." || piece == ".." || piece.find('\0') != std::string_view::npos) {
      return InvalidArg("'{}': expected folders by their names, got '{}'", whole, piece);
    }
    folder += folder.empty() ? "" : "/";
    folder += piece;
  }
}

Expected<StoreUrl> ParseS3(std::string_view rest, std::string_view whole) {
  StoreUrl url{.provider = Provider::kS3};
  const bool names_scheme = rest.starts_with(kHttp) || rest.starts_with(kHttps);
  const std::string_view first = rest.substr(0, rest.find('/'));
  if (names_scheme || HasPort(first)) {
    const std::string_view scheme = rest.starts_with(kHttps) ? kHttps : kHttp;
    if (names_scheme) rest.remove_prefix(scheme.size());
    const std::string_view authority = TakePiece(rest);
    ASSIGN_OR_RETURN(url.endpoint, ParseEndpoint(std::string(scheme) + std::string(authority)));
  }
  url.bucket = TakePiece(rest);
  if (!IsBucket(url.bucket)) {
    return InvalidArg(
        "'{}': expected s3://bucket/path, s3://host:port/bucket/path or s3://https://host:port/bucket/path", whole);
  }
  ASSIGN_OR_RETURN(url.folder, FolderOf(rest, whole));
  return url;
}

Expected<StoreUrl> ParseGoogle(std::string_view rest, std::string_view whole) {
  StoreUrl url{.provider = Provider::kGoogle};
  url.bucket = TakePiece(rest);
  if (!IsBucket(url.bucket)) return InvalidArg("'{}': expected gs://bucket/path", whole);
  ASSIGN_OR_RETURN(url.folder, FolderOf(rest, whole));
  return url;
}

Expected<StoreUrl> ParseAzure(std::string_view rest, std::string_view whole) {
  StoreUrl url{.provider = Provider::kAzure};
  const std::string_view host = TakePiece(rest);
  url.account = host.substr(0, host.find('.'));
  url.bucket = TakePiece(rest);
  if (!IsBucket(url.account) || !IsBucket(url.bucket) || !IsAuthority(host)) {
    return InvalidArg("'{}': expected as://account/container/path or as://account.blob.core.windows.net/container/path",
                      whole);
  }
  if (host.find('.') != std::string_view::npos) url.endpoint = std::string(kHttps) + std::string(host);
  ASSIGN_OR_RETURN(url.folder, FolderOf(rest, whole));
  return url;
}

}  // namespace

Expected<StoreUrl> ParseStoreUrl(std::string_view path) {
  constexpr size_t kSchemeSize = 5;
  const std::string_view rest = path.substr(std::min(kSchemeSize, path.size()));
  if (path.starts_with("s3://")) return ParseS3(rest, path);
  if (path.starts_with("gs://")) return ParseGoogle(rest, path);
  if (path.starts_with("as://")) return ParseAzure(rest, path);
  return InvalidArg("'{}': expected s3://, gs:// or as://", path);
}

Expected<std::string> ParseEndpoint(std::string_view url) {
  const bool is_secure = url.starts_with(kHttps);
  if (!is_secure && !url.starts_with(kHttp)) {
    return InvalidArg("'{}': expected an address as in http://host:port or https://host", url);
  }
  std::string_view rest = url.substr(is_secure ? kHttps.size() : kHttp.size());
  while (rest.ends_with('/')) rest.remove_suffix(1);
  std::string_view authority = rest.substr(0, rest.find('/'));
  const std::string_view base = rest.substr(authority.size());
  if (!IsAuthority(authority)) return InvalidArg("'{}': expected a host, or host:port, in the address", url);
  const auto is_odd = [](char c) { return c <= ' ' || c == '?' || c == '#' || c == '\x7f'; };
  if (std::any_of(base.begin(), base.end(), is_odd)) {
    return InvalidArg("'{}': expected an address without blanks, query and fragment", url);
  }
  // Signatures are about the host as it is sent, which is without a port that goes without saying.
  const std::string_view usual = is_secure ? ":443" : ":80";
  if (authority.ends_with(usual)) authority.remove_suffix(usual.size());
  return std::string(is_secure ? kHttps : kHttp) + std::string(authority) + std::string(base);
}

std::string_view AuthorityOf(std::string_view url) {
  const size_t begin = url.find("://");
  if (begin != std::string_view::npos) url.remove_prefix(begin + 3);
  return url.substr(0, url.find_first_of("/?"));
}

}  // namespace neso::object_store
