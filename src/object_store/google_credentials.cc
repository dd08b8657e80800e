#include "object_store/google_credentials.h"

#include "base/read_file.h"
#include "base/text.h"
#include "object_store/digest.h"

namespace neso::object_store {
namespace {

constexpr const char* kTokenUrl = "https://oauth2.googleapis.com/token";
constexpr const char* kScope = "https://www.googleapis.com/auth/devstorage.read_only";
constexpr std::chrono::seconds kTokenLifetime{3600};
constexpr std::chrono::milliseconds kMetadataTimeout{1000};

std::string Or(std::string value, const char* other) { return value.empty() ? other : std::move(value); }

HttpRequest FormRequest(const std::string& url, const HttpQuery& fields) {
  return {.method = "POST",
          .url = url,
          .headers = {{"content-type", "application/x-www-form-urlencoded"}},
          .body = EncodeForm(fields)};
}

}  // namespace

GoogleCredentials::GoogleCredentials(HttpClient& client, std::optional<CredentialEntry> entry)
    : client_(client), entry_(std::move(entry)) {}

Expected<std::string> GoogleCredentials::Token() {
  {
    MutexLock lock(mutex_);
    if (current_ && !ExpiresSoon(current_->expires)) return current_->text;
  }
  // Whoever comes meanwhile fetches as well; each gets what is good.
  std::string source;
  ASSIGN_OR_RETURN(BearerToken token, Fetch(source));
  MutexLock lock(mutex_);
  current_ = token;
  source_ = source;
  return token.text;
}

bool GoogleCredentials::Renew() {
  MutexLock lock(mutex_);
  const bool may_change = !current_ || !current_->text.empty();
  current_.reset();
  return may_change && !entry_;
}

std::string GoogleCredentials::Advice() const {
  MutexLock lock(mutex_);
  const std::string used =
      current_ && current_->text.empty() ? "anonymously, as no credentials were found" : "as " + source_;
  if (entry_) return used + "; change the entry of the file that TRITON_CLOUD_CREDENTIAL_PATH names";
  return used + "; set GOOGLE_APPLICATION_CREDENTIALS to the file of a service account that may read the bucket";
}

Expected<BearerToken> GoogleCredentials::Fetch(std::string& source) const {
  if (entry_) {
    const auto file = entry_->find("file");
    if (file != entry_->end() && !file->second.empty()) return FromFile(file->second, source);
  } else if (const std::string file = Environment("GOOGLE_APPLICATION_CREDENTIALS"); !file.empty()) {
    return FromFile(file, source);
  } else {
    const std::string known = InHome(".config/gcloud/application_default_credentials.json");
    const Expected<std::optional<std::string>> text = ReadFileIfThere(known, kMaxSettingsBytes);
    if (!known.empty() && text && *text) return FromFile(known, source);
  }
  // Emulators want no token, and the machine's is nobody else's business.
  if (!Environment("STORAGE_EMULATOR_HOST").empty() && Environment("GCE_METADATA_HOST").empty()) return BearerToken();
  Expected<BearerToken> machine = FromMachine();
  if (!machine) return BearerToken();
  source = "the machine's service account";
  return machine;
}

Expected<BearerToken> GoogleCredentials::FromFile(const std::string& file, std::string& source) const {
  ASSIGN_OR_RETURN(const std::string text, ReadFile(file, kMaxSettingsBytes));
  JsonDocument document;
  if (const Status parsed = document.Parse(text); !parsed.ok()) return InvalidArg("{}: {}", file, parsed.message());
  const std::string type = TextMember(document.root(), "type");
  if (type == "service_account") {
    source = fmt::format("the service account {} of {}", TextMember(document.root(), "client_email"), file);
    Expected<BearerToken> token = FromServiceAccount(document.root());
    return token ? std::move(token) : Expected<BearerToken>(token.error().WithContext("{}", file));
  }
  if (type == "authorized_user") {
    source = fmt::format("the user of {}", file);
    Expected<BearerToken> token = FromUser(document.root());
    return token ? std::move(token) : Expected<BearerToken>(token.error().WithContext("{}", file));
  }
  return InvalidArg("{}: expected the type \"service_account\" or \"authorized_user\", got \"{}\"", file, type);
}

Expected<std::string> MakeServiceAccountJwt(const std::string& email, const std::string& key_id,
                                            const std::string& private_key_pem, const std::string& audience,
                                            WallTime now) {
  const auto begin = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch());
  const std::string header = fmt::format(R"({{"alg":"RS256","typ":"JWT","kid":{}}})", JsonQuoted(key_id));
  const std::string claims =
      fmt::format(R"({{"iss":{},"scope":{},"aud":{},"iat":{},"exp":{}}})", JsonQuoted(email), JsonQuoted(kScope),
                  JsonQuoted(audience), begin.count(), (begin + kTokenLifetime).count());
  const std::string signed_part = EncodeBase64Url(header) + "." + EncodeBase64Url(claims);
  ASSIGN_OR_RETURN(const std::string signature, SignRs256(private_key_pem, signed_part));
  return signed_part + "." + EncodeBase64Url(signature);
}

Expected<BearerToken> GoogleCredentials::FromServiceAccount(const JsonValue& account) const {
  const std::string url = Or(TextMember(account, "token_uri"), kTokenUrl);
  const std::string email = TextMember(account, "client_email");
  Expected<std::string> jwt =
      MakeServiceAccountJwt(email, TextMember(account, "private_key_id"), TextMember(account, "private_key"), url,
                            std::chrono::system_clock::now());
  if (!jwt) return jwt.error().WithContext("\"private_key\"");
  const HttpRequest request =
      FormRequest(url, {{"grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"}, {"assertion", *jwt}});
  ASSIGN_OR_RETURN(const HttpResponse response,
                   AskForToken(client_, request, "a token of the service account " + email));
  return ParseBearerToken(response.body);
}

Expected<BearerToken> GoogleCredentials::FromUser(const JsonValue& user) const {
  const HttpRequest request =
      FormRequest(Or(TextMember(user, "token_uri"), kTokenUrl), {{"grant_type", "refresh_token"},
                                                                 {"client_id", TextMember(user, "client_id")},
                                                                 {"client_secret", TextMember(user, "client_secret")},
                                                                 {"refresh_token", TextMember(user, "refresh_token")}});
  ASSIGN_OR_RETURN(const HttpResponse response, AskForToken(client_, request, "a token of the authorised user"));
  return ParseBearerToken(response.body);
}

Expected<BearerToken> GoogleCredentials::FromMachine() const {
  const std::string host = Or(Environment("GCE_METADATA_HOST"), "metadata.google.internal");
  const HttpRequest request{
      .url = fmt::format("http://{}/computeMetadata/v1/instance/service-accounts/default/token", host),
      .headers = {{"Metadata-Flavor", "Google"}},
      .is_local = true,
      .timeout = kMetadataTimeout};
  ASSIGN_OR_RETURN(const HttpResponse response, client_.Send(request));
  if (!response.IsSuccess()) return Unavailable("{} answered {}", host, response.status);
  return ParseBearerToken(response.body);
}

}  // namespace neso::object_store
