#include "object_store/google_dialect.h"

#include <algorithm>

#include "base/base64.h"
#include "base/json.h"
#include "base/text.h"
#include "object_store/settings.h"

namespace neso::object_store {
namespace {

Expected<std::string> Endpoint() {
  std::string emulator = Environment("STORAGE_EMULATOR_HOST");
  if (emulator.empty()) return std::string("https://storage.googleapis.com");
  if (emulator.find("://") == std::string::npos) emulator = "http://" + emulator;
  Expected<std::string> parsed = ParseEndpoint(emulator);
  if (!parsed) return parsed.error().WithContext("STORAGE_EMULATOR_HOST");
  return parsed;
}

const JsonValue* ArrayMember(const JsonValue& object, const char* name) {
  const auto it = object.FindMember(name);
  return it != object.MemberEnd() && it->value.IsArray() ? &it->value : nullptr;
}

}  // namespace

Expected<HttpRequest> GoogleDialect::Request(const std::string& path, const HttpQuery& query, HttpHeaders headers) {
  ASSIGN_OR_RETURN(const std::string endpoint, Endpoint());
  ASSIGN_OR_RETURN(const std::string token, credentials_->Token());
  if (!token.empty()) headers.emplace_back("Authorization", "Bearer " + token);
  return HttpRequest{.url = fmt::format("{}/storage/v1{}?{}", endpoint, path, EncodeQuery(query)),
                     .headers = std::move(headers)};
}

Expected<HttpRequest> GoogleDialect::ListRequest(const StoreUrl& url, const ObjectListing& listing) {
  HttpQuery query = {{"prefix", url.KeyPrefix()},
                     {"maxResults", std::to_string(std::min<size_t>(listing.limit, 1000))},
                     {"fields", "items(name,size,generation),prefixes,nextPageToken"}};
  if (!listing.recursive) query["delimiter"] = "/";
  if (!listing.from.empty()) query["pageToken"] = listing.from;
  return Request(fmt::format("/b/{}/o", url.bucket), query, {});
}

Expected<HttpRequest> GoogleDialect::ReadRequest(const ObjectPart& part) {
  // The store inflates what is stored as gzip, and its size is another then, unless the client takes gzip.
  ASSIGN_OR_RETURN(HttpRequest request, Request(fmt::format("/b/{}/o/{}", part.url.bucket, EncodeForUrl(part.key)),
                                                {{"alt", "media"}, {"ifGenerationMatch", part.version}},
                                                {{"Range", part.Range()}, {"Accept-Encoding", "gzip"}}));
  request.part_from = part.offset;
  return request;
}

Expected<ObjectPage> GoogleDialect::ParseListing(std::string_view body, const std::string& prefix) const {
  JsonDocument document;
  const Status parsed = document.Parse(body);
  const JsonValue& root = document.root();
  if (!parsed.ok() || !root.IsObject()) return Internal("expected a listing in JSON, got something else");
  ObjectPage page;
  if (const JsonValue* const items = ArrayMember(root, "items")) {
    for (const JsonValue& item : items->GetArray()) {
      const std::string name = TextMember(item, "name");
      Expected<uint64_t> size = ParseSize(TextMember(item, "size"));
      if (!size) return size.error().WithContext("'{}'", name);
      AddObject(page, name, prefix, *size, TextMember(item, "generation"));
    }
  }
  if (const JsonValue* const prefixes = ArrayMember(root, "prefixes")) {
    for (const JsonValue& folder : prefixes->GetArray()) {
      if (folder.IsString()) AddFolder(page, JsonText(folder), prefix);
    }
  }
  page.next = TextMember(root, "nextPageToken");
  return page;
}

ObjectDigests GoogleDialect::DigestsOf(const HttpResponse& response) const {
  // "crc32c=AAAAAA==,md5=..."; composed objects have no MD5.
  ObjectDigests digests;
  for (const std::string_view piece : Split(response.Header("x-goog-hash"), ',')) {
    const std::string_view hash = TrimBlanks(piece);
    const size_t equals = hash.find('=');
    if (equals == std::string_view::npos) continue;
    const Expected<std::string> bytes = DecodeBase64(hash.substr(equals + 1));
    if (!bytes) continue;
    if (hash.starts_with("md5=") && bytes->size() == 16) digests.md5 = *bytes;
    if (hash.starts_with("crc32c=") && bytes->size() == 4) {
      uint32_t crc = 0;
      for (const char byte : *bytes) crc = (crc << 8) | static_cast<unsigned char>(byte);
      digests.crc32c = crc;
    }
  }
  return digests;
}

StoreComplaint GoogleDialect::ComplaintOf(const HttpResponse& response) const {
  JsonDocument document;
  if (document.Parse(response.body).ok() && document.root().IsObject()) {
    const auto error = document.root().FindMember("error");
    if (error != document.root().MemberEnd() && error->value.IsObject()) {
      return {TextMember(error->value, "status"), TextMember(error->value, "message")};
    }
  }
  return {"", std::string(TrimBlanks(std::string_view(response.body).substr(0, 200)))};
}

}  // namespace neso::object_store
