#include "object_store/stores.h"

#include <algorithm>
#include <charconv>
#include <random>

#include "base/read_file.h"
#include "object_store/azure_dialect.h"
#include "object_store/digest.h"
#include "object_store/google_dialect.h"
#include "object_store/s3_dialect.h"

namespace neso::object_store {
namespace {

using std::chrono::milliseconds;

constexpr const char* kCredentialFile = "TRITON_CLOUD_CREDENTIAL_PATH";

// A bucket is in one region. What a host says who names another one with each answer is an error in the end.
constexpr int kMaxMoves = 3;

bool MayPass(long status) {
  return status == 408 || status == 429 || status == 500 || status == 502 || status == 503 || status == 504;
}

const char* NameOf(Provider provider) {
  switch (provider) {
    case Provider::kS3: return "s3";
    case Provider::kGoogle: return "gs";
    case Provider::kAzure: return "as";
  }
  return "";
}

}  // namespace

// How often, and after which pauses, one thing is tried.
class Stores::Attempts {
 public:
  Attempts(ObjectStoreHost& host, const uint64_t* progress) : host_(host), progress_(progress) {}

  // Whether it is to be tried again; waits before that. `wish`: what the store asks for, in seconds.
  bool Again(const std::string& what, const std::string& reason, const std::string& wish = "") {
    if (progress_ != nullptr && *progress_ > seen_) {
      seen_ = *progress_;
      failed_ = 0;
    }
    if (++failed_ >= host_.attempts || host_.stop.IsSet()) {
      ++host_.counters.failures;
      return false;
    }
    const milliseconds pause = PauseFor(wish);
    host_.log(LogLevel::kWarning, fmt::format("{}: {}; trying again in {} ms ({} of {})", what, reason, pause.count(),
                                              failed_, host_.attempts - 1));
    if (!host_.stop.Pause(pause)) return false;
    ++host_.counters.retries;
    return true;
  }

 private:
  // Doubles from a tenth of a second to five seconds, give or take a half, so that many do not come back at once.
  milliseconds PauseFor(const std::string& wish) const {
    int seconds = 0;
    std::from_chars(wish.data(), wish.data() + wish.size(), seconds);
    if (seconds > 0) return std::chrono::seconds(std::min(seconds, 30));
    const int64_t base = std::min<int64_t>(100LL << std::min(failed_ - 1, 10), 5000);
    thread_local std::minstd_rand random(std::random_device{}());
    return milliseconds(base / 2 + static_cast<int64_t>(random() % static_cast<uint64_t>(base)));
  }

  ObjectStoreHost& host_;
  const uint64_t* const progress_;
  uint64_t seen_ = 0;
  int failed_ = 0;
};

Stores::Stores(ObjectStoreHost& host, std::unique_ptr<HttpClient> client) : host_(host), client_(std::move(client)) {}

Expected<std::optional<CredentialEntry>> Stores::EntryFor(const std::string& path, Provider provider,
                                                          std::string& prefix) {
  const std::string file = Environment(kCredentialFile);
  if (file.empty()) return std::optional<CredentialEntry>();
  const auto find = [&](const CredentialFile& credentials) {
    const CredentialEntry* const found = credentials.Find(NameOf(provider), path, prefix);
    return std::optional(found == nullptr ? CredentialEntry() : *found);
  };
  {
    MutexLock lock(mutex_);
    if (credentials_) return find(*credentials_);
  }
  ASSIGN_OR_RETURN(const std::string text, ReadFile(file, kMaxSettingsBytes));
  Expected<CredentialFile> parsed = ParseCredentialFile(text);
  if (!parsed) return parsed.error().WithContext("{} ({})", file, kCredentialFile);
  MutexLock lock(mutex_);
  credentials_ = *std::move(parsed);
  return find(*credentials_);
}

Expected<std::shared_ptr<Dialect>> Stores::DialectFor(const std::string& path, Provider provider) {
  std::string prefix;
  ASSIGN_OR_RETURN(std::optional<CredentialEntry> entry, EntryFor(path, provider, prefix));
  MutexLock lock(mutex_);
  std::shared_ptr<Dialect>& dialect = dialects_[std::string(NameOf(provider)) + " " + prefix];
  if (dialect != nullptr) return dialect;
  switch (provider) {
    case Provider::kS3:
      dialect = std::make_shared<S3Dialect>(std::make_unique<AwsCredentials>(*client_, std::move(entry)));
      break;
    case Provider::kGoogle:
      dialect = std::make_shared<GoogleDialect>(std::make_unique<GoogleCredentials>(*client_, std::move(entry)));
      break;
    case Provider::kAzure:
      dialect = std::make_shared<AzureDialect>(std::make_unique<AzureCredentials>(*client_, std::move(entry)));
      break;
  }
  return dialect;
}

bool Stores::RenewCredentials(Dialect& dialect) {
  if (dialect.RenewCredentials()) return true;
  if (Environment(kCredentialFile).empty()) return false;
  MutexLock lock(mutex_);
  credentials_.reset();  // read again with the next request
  dialects_.clear();
  return true;
}

Expected<Stores::Answer> Stores::Ask(const std::string& path, const StoreUrl& url, const std::string& what,
                                     bool misses_expected, const MakeRequest& make, const Sink& sink,
                                     const uint64_t* progress) {
  Attempts attempts(host_, progress);
  bool renewed = false;
  int moves = 0;  // on which the store has sent the request
  while (true) {
    ASSIGN_OR_RETURN(const std::shared_ptr<Dialect> dialect, DialectFor(path, url.provider));
    Expected<HttpRequest> request = make(*dialect);
    if (!request) return request.error().WithContext("{}", what);
    Expected<HttpResponse> response = client_->Send(*request, sink);
    if (!response) {
      const Status& failure = response.error();
      if (failure.code() == StatusCode::kUnavailable && attempts.Again(what, failure.message())) continue;
      return failure.WithContext("{}: {}", what, AuthorityOf(request->url));
    }
    if (response->IsSuccess()) return Answer{*std::move(response), dialect};
    if (misses_expected && (response->status == 404 || response->status == 412)) {
      return Answer{*std::move(response), dialect};
    }
    if (moves < kMaxMoves && dialect->LearnFrom(url, *response)) {
      ++moves;
      continue;
    }
    const StoreComplaint complaint = dialect->ComplaintOf(*response);
    const std::string reason = fmt::format("{} {}{}{}", response->status, complaint.code,
                                           complaint.message.empty() ? "" : ": ", complaint.message);
    if (MayPass(response->status) && attempts.Again(what, reason, response->Header("retry-after"))) continue;
    const bool is_refused = response->status == 401 || response->status == 403 || response->status == 400;
    if (is_refused && !renewed && RenewCredentials(*dialect)) {
      renewed = true;
      continue;
    }
    if (response->status == 404) return NotFound("{}: {}", what, reason);
    if (MayPass(response->status)) return Unavailable("{}: {}", what, reason);
    return Internal("{}: {}: was asked {}", what, reason, dialect->Advice());
  }
}

Expected<ObjectPage> Stores::List(const ObjectListing& listing) {
  ASSIGN_OR_RETURN(const StoreUrl url, ParseStoreUrl(listing.folder));
  Attempts attempts(host_, nullptr);
  while (true) {
    ASSIGN_OR_RETURN(const Answer answer, Ask(listing.folder, url, listing.folder, false,
                                              [&](Dialect& dialect) { return dialect.ListRequest(url, listing); }));
    Expected<ObjectPage> page = answer.dialect->ParseListing(answer.response.body, url.KeyPrefix());
    if (page) {
      if (!page->next.empty() && page->next == listing.from) {
        return Internal("{}: expected the next page of the listing, got the same one again", listing.folder);
      }
      page->is_bucket = url.folder.empty();
      return page;
    }
    // An answer that was cut short, or a proxy's page.
    if (!attempts.Again(listing.folder, page.error().message())) {
      return page.error().WithContext("{}: the listing", listing.folder);
    }
  }
}

Expected<ReadResult> Stores::Read(const std::string& folder, const ObjectInfo& object, uint64_t offset, uint64_t length,
                                  const Sink& sink) {
  ASSIGN_OR_RETURN(const StoreUrl url, ParseStoreUrl(folder));
  const std::string what = folder + "/" + object.name;
  ReadResult result;
  uint64_t done = 0;
  const Sink take = [&](std::string_view bytes) -> Status {
    if (bytes.size() > length - done) return Internal("{}: expected {} bytes, got more", what, length);
    RETURN_IF_ERROR(sink(bytes));
    done += bytes.size();
    host_.counters.bytes_read += bytes.size();
    return {};
  };
  Attempts attempts(host_, &done);
  while (done < length) {
    const uint64_t before = done;
    ASSIGN_OR_RETURN(const Answer answer,
                     Ask(
                         folder, url, what, true,
                         [&](Dialect& dialect) {
                           return dialect.ReadRequest(
                               {url, url.KeyPrefix() + object.name, object.version, offset + done, length - done});
                         },
                         take, &done));
    const std::string version = answer.dialect->VersionOf(answer.response);
    const bool is_other = !answer.response.IsSuccess() || (!version.empty() && version != object.version);
    if (is_other) return ReadResult{.has_changed = true, .digests = {}};
    result.digests = answer.dialect->DigestsOf(answer.response);
    // Whoever answers a success without the part that was asked for does so again, perhaps.
    if (done == before && !attempts.Again(what, "the answer does not bring the bytes that were asked for")) {
      return Internal("{}: expected bytes {} to {}, got others or none", what, offset + done, offset + length);
    }
  }
  return result;
}

Status Stores::CheckFile(const std::string& file, const ObjectDigests& digests) {
  return CheckFileDigests(file, digests);
}

}  // namespace neso::object_store
