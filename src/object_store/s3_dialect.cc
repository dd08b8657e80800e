#include "object_store/s3_dialect.h"

#include <algorithm>

#include "object_store/digest.h"
#include "object_store/settings.h"
#include "object_store/sigv4.h"
#include "object_store/xml.h"

namespace neso::object_store {
namespace {

// Where a bucket is, and what its keys are appended to: "https://bucket.s3.eu-central-1.amazonaws.com" and "".
struct Place {
  std::string endpoint;
  std::string path;
};

Expected<Place> PlaceOf(const StoreUrl& url, const std::string& region) {
  std::string endpoint = url.endpoint;
  for (const char* variable : {"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"}) {
    const std::string value = Environment(variable);
    if (!endpoint.empty() || value.empty()) continue;
    Expected<std::string> parsed = ParseEndpoint(value);
    if (!parsed) return parsed.error().WithContext("{}", variable);
    endpoint = *std::move(parsed);
  }
  if (!endpoint.empty()) {
    const size_t base = endpoint.find('/', endpoint.find("://") + 3);
    const std::string path = base == std::string::npos ? "" : endpoint.substr(base);
    return Place{endpoint.substr(0, base), path + "/" + url.bucket};
  }
  const std::string suffix = region.starts_with("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
  // A certificate for *.s3... does not cover names with dots, and hosts have no other letters.
  const bool can_be_host = url.bucket.find_first_of("._ABCDEFGHIJKLMNOPQRSTUVWXYZ") == std::string::npos;
  if (!can_be_host) return Place{fmt::format("https://s3.{}.{}", region, suffix), "/" + url.bucket};
  return Place{fmt::format("https://{}.s3.{}.{}", url.bucket, region, suffix), ""};
}

}  // namespace

S3Dialect::S3Dialect(std::unique_ptr<AwsCredentials> credentials) : credentials_(std::move(credentials)) {}

Expected<HttpRequest> S3Dialect::Request(const StoreUrl& url, const std::string& key, const HttpQuery& query,
                                         HttpHeaders headers) {
  ASSIGN_OR_RETURN(const AwsIdentity identity, credentials_->Get());
  std::string region = identity.region;
  {
    MutexLock lock(mutex_);
    if (const auto it = regions_.find(url.bucket); it != regions_.end()) region = it->second;
  }
  ASSIGN_OR_RETURN(const Place place, PlaceOf(url, region));
  const std::string path = place.path + "/" + EncodeForUrl(key, /*keep_slashes=*/true);
  const std::string text = EncodeQuery(query);
  HttpRequest request{.url = place.endpoint + path + (text.empty() ? "" : "?" + text),
                      .headers = std::move(headers),
                      .authorities_file = Environment("AWS_CA_BUNDLE")};
  if (!identity.key.id.empty()) {
    SignAws(identity.key, region, "s3", std::chrono::system_clock::now(), path, text, request);
  }
  return request;
}

Expected<HttpRequest> S3Dialect::ListRequest(const StoreUrl& url, const ObjectListing& listing) {
  HttpQuery query = {{"list-type", "2"},
                     {"prefix", url.KeyPrefix()},
                     {"max-keys", std::to_string(std::min<size_t>(listing.limit, 1000))}};
  if (!listing.recursive) query["delimiter"] = "/";
  if (!listing.from.empty()) query["continuation-token"] = listing.from;
  return Request(url, "", query, {});
}

Expected<HttpRequest> S3Dialect::ReadRequest(const ObjectPart& part) {
  ASSIGN_OR_RETURN(HttpRequest request, Request(part.url, part.key, {},
                                                {{"Range", part.Range()}, {"If-Match", "\"" + part.version + "\""}}));
  request.part_from = part.offset;
  return request;
}

Expected<ObjectPage> S3Dialect::ParseListing(std::string_view body, const std::string& prefix) const {
  ObjectPage page;
  Status complaint;
  bool is_listing = false, is_truncated = false;
  std::string key, size, tag, next;
  const auto on_end = [&](const std::string& path, const std::string& text, const XmlAttributes&) {
    if (path == "ListBucketResult") is_listing = true;
    if (path == "ListBucketResult/IsTruncated") is_truncated = text == "true";
    if (path == "ListBucketResult/NextContinuationToken") next = text;
    if (path == "ListBucketResult/CommonPrefixes/Prefix") AddFolder(page, text, prefix);
    if (path == "ListBucketResult/Contents/Key") key = text;
    if (path == "ListBucketResult/Contents/Size") size = text;
    if (path == "ListBucketResult/Contents/ETag") tag = WithoutQuotes(text);
    if (path != "ListBucketResult/Contents") return;
    Expected<uint64_t> bytes = ParseSize(size);
    if (!bytes) {
      if (complaint.ok()) complaint = bytes.error().WithContext("'{}'", key);
      return;
    }
    AddObject(page, key, prefix, *bytes, tag);
    key.clear();
    size.clear();
    tag.clear();
  };
  RETURN_IF_ERROR(ParseXml(body, {.on_end = on_end}));
  RETURN_IF_ERROR(complaint);
  if (!is_listing) return Internal("expected a ListBucketResult, got something else");
  if (is_truncated && next.empty()) return Internal("expected a token for the next page of the listing, got none");
  if (is_truncated) page.next = std::move(next);
  return page;
}

ObjectDigests S3Dialect::DigestsOf(const HttpResponse& response) const {
  // The entity tag is the MD5 unless the object came in parts ("...-12") or is encrypted with a key of its own.
  const std::string& encryption = response.Header("x-amz-server-side-encryption");
  const bool has_own_key =
      encryption.starts_with("aws:kms") || !response.Header("x-amz-server-side-encryption-customer-algorithm").empty();
  const std::string tag(WithoutQuotes(response.Header("etag")));
  if (has_own_key || tag.size() != 32) return {};
  return {.md5 = FromHex(tag), .crc32c = {}};
}

std::string S3Dialect::VersionOf(const HttpResponse& response) const {
  return std::string(WithoutQuotes(response.Header("etag")));
}

StoreComplaint S3Dialect::ComplaintOf(const HttpResponse& response) const { return ParseXmlComplaint(response.body); }

bool S3Dialect::LearnFrom(const StoreUrl& url, const HttpResponse& response) {
  const std::string& region = response.Header("x-amz-bucket-region");
  const bool is_elsewhere = response.status == 301 || response.status == 307 || response.status == 400;
  // It becomes part of a host's name.
  const bool is_region = !region.empty() && region.size() < 64 &&
                         region.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos;
  if (!is_elsewhere || !is_region) return false;
  MutexLock lock(mutex_);
  std::string& known = regions_[url.bucket];
  if (known == region) return false;
  known = region;
  return true;
}

}  // namespace neso::object_store
