// Paths and addresses come from command lines, environments and registered repositories. What is taken is taken again in
// the form that it was brought to, and stays below the folder that it names.
#include "object_store/store_url.h"

#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace neso;
  using namespace neso::object_store;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)AuthorityOf(text);
  if (const Expected<std::string> endpoint = ParseEndpoint(text)) {
    const Expected<std::string> again = ParseEndpoint(*endpoint);
    CHECK(again.ok() && *again == *endpoint, "an endpoint's form stays");
    CHECK(!AuthorityOf(*endpoint).empty(), "an endpoint has a host");
  }
  if (const Expected<StoreUrl> url = ParseStoreUrl(text)) {
    CHECK(!url->bucket.empty() && url->bucket.find('/') == std::string::npos, "a bucket is one name");
    CHECK(("/" + url->folder + "/").find("/../") == std::string::npos, "a folder lies in its bucket");
    CHECK(url->KeyPrefix().empty() == url->folder.empty(), "the prefix is the folder's");
    const Expected<StoreUrl> slash = ParseStoreUrl(std::string(text) + "/");
    CHECK(slash.ok() && slash->folder == url->folder && slash->bucket == url->bucket,
          "slashes at the end do not count");
  }
  return 0;
}
