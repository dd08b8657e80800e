#include "object_store/azure_dialect.h"

#include <algorithm>
#include <ctime>

#include "base/base64.h"
#include "base/percent.h"
#include "object_store/digest.h"
#include "object_store/xml.h"

namespace neso::object_store {
namespace {

constexpr const char* kApiVersion = "2021-08-06";
constexpr size_t kMaxPage = 5000;

// As RFC 9110 has it, whatever the locale.
std::string HttpDate() {
  constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT", kDays[parts.tm_wday], parts.tm_mday,
                     kMonths[parts.tm_mon], parts.tm_year + 1900, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

// Names that XML cannot have come encoded.
std::string NameOf(const std::string& text, const XmlAttributes& attributes) {
  const auto encoded = attributes.find("Encoded");
  return encoded != attributes.end() && encoded->second == "true" ? DecodePercents(text) : text;
}

}  // namespace

Expected<HttpRequest> AzureDialect::Request(const StoreUrl& url, const std::string& blob, const HttpQuery& query,
                                            HttpHeaders headers) {
  ASSIGN_OR_RETURN(const AzureSettings settings, credentials_->Settings());
  std::string endpoint = settings.endpoint;
  if (endpoint.empty()) endpoint = url.endpoint;
  if (endpoint.empty()) endpoint = fmt::format("https://{}.blob.core.windows.net", url.account);
  const size_t base = endpoint.find('/', endpoint.find("://") + 3);
  std::string path = base == std::string::npos ? "" : endpoint.substr(base);
  path += "/" + url.bucket + (blob.empty() ? "" : "/" + blob);
  HttpRequest request{.url = endpoint.substr(0, base) + path, .headers = std::move(headers)};
  if (!query.empty()) request.url += "?" + EncodeQuery(query);
  request.headers.emplace_back("x-ms-date", HttpDate());
  request.headers.emplace_back("x-ms-version", kApiVersion);
  RETURN_IF_ERROR(credentials_->Prove(settings, url.account, path, query, request));
  return request;
}

Expected<HttpRequest> AzureDialect::ListRequest(const StoreUrl& url, const ObjectListing& listing) {
  HttpQuery query = {
      {"restype", "container"}, {"comp", "list"}, {"maxresults", std::to_string(std::min(listing.limit, kMaxPage))}};
  if (!url.folder.empty()) query["prefix"] = url.KeyPrefix();
  if (!listing.recursive) query["delimiter"] = "/";
  if (!listing.from.empty()) query["marker"] = listing.from;
  return Request(url, "", query, {});
}

Expected<HttpRequest> AzureDialect::ReadRequest(const ObjectPart& part) {
  ASSIGN_OR_RETURN(HttpRequest request,
                   Request(part.url, EncodeForUrl(part.key, /*keep_slashes=*/true), {},
                           {{"x-ms-range", part.Range()}, {"If-Match", "\"" + part.version + "\""}}));
  request.part_from = part.offset;
  return request;
}

Expected<ObjectPage> AzureDialect::ParseListing(std::string_view body, const std::string& prefix) const {
  // Some servers put a byte order mark before it.
  if (body.starts_with("\xEF\xBB\xBF")) body.remove_prefix(3);
  ObjectPage page;
  Status complaint;
  bool is_listing = false, is_folder = false;
  std::string name, size, tag;
  const auto on_end = [&](const std::string& path, const std::string& text, const XmlAttributes& attributes) {
    if (path == "EnumerationResults") is_listing = true;
    if (path == "EnumerationResults/NextMarker") page.next = text;
    if (path == "EnumerationResults/Blobs/BlobPrefix/Name") AddFolder(page, NameOf(text, attributes), prefix);
    if (path == "EnumerationResults/Blobs/Blob/Name") name = NameOf(text, attributes);
    if (path == "EnumerationResults/Blobs/Blob/Properties/Content-Length") size = text;
    if (path == "EnumerationResults/Blobs/Blob/Properties/Etag") tag = WithoutQuotes(text);
    if (path == "EnumerationResults/Blobs/Blob/Properties/ResourceType") is_folder = text == "directory";
    if (path != "EnumerationResults/Blobs/Blob") return;
    Expected<uint64_t> bytes = ParseSize(size);
    if (bytes) {
      AddObject(page, is_folder ? name + "/" : name, prefix, *bytes, tag);
    } else if (complaint.ok()) {
      complaint = bytes.error().WithContext("'{}'", name);
    }
    name.clear();
    size.clear();
    tag.clear();
    is_folder = false;
  };
  RETURN_IF_ERROR(ParseXml(body, {.on_end = on_end}));
  RETURN_IF_ERROR(complaint);
  if (!is_listing) return Internal("expected EnumerationResults, got something else");
  return page;
}

ObjectDigests AzureDialect::DigestsOf(const HttpResponse& response) const {
  // With a part of a blob, "Content-MD5" would be the part's.
  const Expected<std::string> md5 = DecodeBase64(response.Header("x-ms-blob-content-md5"));
  if (!md5 || md5->size() != 16) return {};
  return {.md5 = *md5, .crc32c = {}};
}

std::string AzureDialect::VersionOf(const HttpResponse& response) const {
  return std::string(WithoutQuotes(response.Header("etag")));
}

StoreComplaint AzureDialect::ComplaintOf(const HttpResponse& response) const {
  StoreComplaint complaint = ParseXmlComplaint(response.body);
  if (complaint.code.empty()) complaint.code = response.Header("x-ms-error-code");
  return complaint;
}

}  // namespace neso::object_store
