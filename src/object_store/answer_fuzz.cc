// What stores and those who give out tokens answer: the first byte says who, the rest is the body. Whatever a listing
// brings goes through what the repository does with it before it touches the disk.
#include "base/check.h"
#include "object_store/azure_dialect.h"
#include "object_store/google_dialect.h"
#include "object_store/s3_dialect.h"
#include "object_store/token_request.h"
#include "repository/storage/object_listing.h"

namespace neso::object_store {
namespace {

// Nobody is asked.
class NoClient final : public HttpClient {
 public:
  Expected<HttpResponse> Send(const HttpRequest&, const Sink&) override { return Unavailable("nobody is there"); }
  bool Pause(std::chrono::milliseconds) override { return true; }
};

const Dialect& DialectOf(size_t which) {
  static NoClient client;
  static const S3Dialect s3(std::make_unique<AwsCredentials>(client, CredentialEntry{}));
  static const GoogleDialect google(std::make_unique<GoogleCredentials>(client, CredentialEntry{}));
  static const AzureDialect azure(std::make_unique<AzureCredentials>(client, CredentialEntry{}));
  static const std::array<const Dialect*, 3> all = {&s3, &google, &azure};
  return *all[which];
}

void UseListing(const ObjectPage& page) {
  for (const std::string& folder : page.folders) {
    CHECK(!folder.empty() && folder.find('/') == std::string::npos, "a folder is one name");
  }
  for (const ObjectInfo& object : page.objects) CHECK(!object.name.empty(), "an object has a name");
  std::vector<ObjectInfo> objects = page.objects;
  std::sort(objects.begin(), objects.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  const Expected<FolderSnapshot> snapshot = SnapshotOfObjects("s3://bucket/m", objects, "chosen");
  if (!snapshot) return;
  for (const ObjectInfo& object : objects) {
    CHECK(CheckObjectName(object.name).ok(), "what a snapshot was made of can be written below a folder");
    CHECK(FindObject(objects, object.name) != nullptr, "what was listed is found");
  }
}

}  // namespace
}  // namespace neso::object_store

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace neso;
  using namespace neso::object_store;
  if (size == 0) return 0;
  const std::string body(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (const size_t who = data[0] % 4; who < 3) {
    const Dialect& dialect = DialectOf(who);
    if (const Expected<ObjectPage> page = dialect.ParseListing(body, "m/")) UseListing(*page);
    (void)dialect.ComplaintOf({.status = 403, .headers = {}, .body = body});
  } else {
    if (const Expected<BearerToken> token = ParseBearerToken(body)) CHECK(!token->text.empty(), "a token is a text");
    if (const std::optional<WallTime> time = ParseUtc(body)) (void)ExpiresSoon(*time);
  }
  return 0;
}
