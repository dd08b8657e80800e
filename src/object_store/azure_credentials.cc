#include "object_store/azure_credentials.h"

#include <array>

#include "base/base64.h"
#include "base/read_file.h"
#include "base/text.h"
#include "object_store/digest.h"
#include "object_store/store_url.h"

namespace neso::object_store {
namespace {

constexpr const char* kResource = "https://storage.azure.com/";

std::string Or(std::string value, const char* other) { return value.empty() ? other : std::move(value); }

std::string MemberOf(const CredentialEntry& entry, const char* name) {
  const auto it = entry.find(name);
  return it == entry.end() ? "" : it->second;
}

// "AccountName=a;AccountKey=b==;BlobEndpoint=http://..."
std::map<std::string, std::string> ParseConnectionString(std::string_view text) {
  std::map<std::string, std::string> parts;
  for (const std::string_view part : Split(text, ';')) {
    const size_t equals = part.find('=');
    if (equals != std::string_view::npos) parts[ToLowerAscii(part.substr(0, equals))] = part.substr(equals + 1);
  }
  return parts;
}

}  // namespace

Expected<AzureSettings> ReadAzureSettings(const std::optional<CredentialEntry>& entry) {
  std::map<std::string, std::string> connection = ParseConnectionString(Environment("AZURE_STORAGE_CONNECTION_STRING"));
  AzureSettings settings;
  if (entry) {
    settings = {MemberOf(*entry, "account_str"), MemberOf(*entry, "account_key"), MemberOf(*entry, "auth_type"),
                MemberOf(*entry, "client_id"), ""};
  } else {
    settings = {Or(Environment("AZURE_STORAGE_ACCOUNT"), connection["accountname"].c_str()),
                Or(Environment("AZURE_STORAGE_KEY"), connection["accountkey"].c_str()),
                Environment("AZURE_STORAGE_AUTH_TYPE"), Environment("AZURE_STORAGE_CLIENT_ID"), ""};
  }
  settings.auth_type = Or(settings.auth_type, "key");
  if (const std::string& endpoint = connection["blobendpoint"]; !endpoint.empty()) {
    Expected<std::string> parsed = ParseEndpoint(endpoint);
    if (!parsed) return parsed.error().WithContext("AZURE_STORAGE_CONNECTION_STRING: BlobEndpoint");
    settings.endpoint = *std::move(parsed);
  }
  return settings;
}

std::string AzureStringToSign(const HttpRequest& request, const std::string& account, const std::string& path,
                              const HttpQuery& query) {
  std::map<std::string, std::string> headers;
  for (const auto& [name, value] : request.headers) headers[ToLowerAscii(name)] = TrimBlanks(value);
  std::string text = request.method + "\n";
  constexpr std::array<const char*, 11> kStandard = {
      "content-encoding",  "content-language", "content-length", "content-md5",         "content-type", "date",
      "if-modified-since", "if-match",         "if-none-match",  "if-unmodified-since", "range"};
  for (const char* const name : kStandard) text += headers[name] + "\n";
  for (const auto& [name, value] : headers) {
    if (name.starts_with("x-ms-")) text += name + ":" + value + "\n";
  }
  text += "/" + account + path;
  for (const auto& [name, value] : query) text += "\n" + name + ":" + value;
  return text;
}

AzureCredentials::AzureCredentials(HttpClient& client, std::optional<CredentialEntry> entry)
    : client_(client), entry_(std::move(entry)) {}

Status AzureCredentials::Prove(const AzureSettings& settings, const std::string& account, const std::string& path,
                               const HttpQuery& query, HttpRequest& request) {
  const bool has_key = !settings.key.empty();
  const bool uses_key = settings.auth_type == "key" || (settings.auth_type == "default" && has_key);
  if (!uses_key) {
    ASSIGN_OR_RETURN(const std::string token, Token(settings));
    request.headers.emplace_back("Authorization", "Bearer " + token);
    return {};
  }
  {
    MutexLock lock(mutex_);
    used_ = has_key ? fmt::format("with the key of account {}", account) : "anonymously, as there is no key";
  }
  if (!has_key) return {};
  const Expected<std::string> key = DecodeBase64(settings.key);
  if (!key) return InvalidArg("the key of account {}: expected Base64, got something else", account);
  const std::string signature = EncodeBase64(HmacSha256(*key, AzureStringToSign(request, account, path, query)));
  request.headers.emplace_back("Authorization", fmt::format("SharedKey {}:{}", account, signature));
  return {};
}

bool AzureCredentials::Renew() {
  MutexLock lock(mutex_);
  const bool had_token = current_.has_value();
  current_.reset();
  return had_token;
}

std::string AzureCredentials::Advice() const {
  MutexLock lock(mutex_);
  if (entry_) return used_ + "; change the entry of the file that TRITON_CLOUD_CREDENTIAL_PATH names";
  return used_ + "; set AZURE_STORAGE_ACCOUNT and AZURE_STORAGE_KEY, or AZURE_STORAGE_AUTH_TYPE=managed_identity";
}

Expected<std::string> AzureCredentials::Token(const AzureSettings& settings) {
  {
    MutexLock lock(mutex_);
    if (current_ && !ExpiresSoon(current_->expires)) return current_->text;
  }
  // Whoever comes meanwhile fetches as well; each gets what is good.
  ASSIGN_OR_RETURN(BearerToken token, FetchToken(settings));
  MutexLock lock(mutex_);
  current_ = token;
  used_ = "with a token (auth_type " + settings.auth_type + ")";
  return token.text;
}

Expected<BearerToken> AzureCredentials::FetchToken(const AzureSettings& settings) const {
  if (settings.auth_type == "managed_identity") return FromMachine(settings);
  if (settings.auth_type != "default") {
    return InvalidArg("expected the auth_type 'key', 'managed_identity' or 'default', got '{}'", settings.auth_type);
  }
  const bool has_application =
      !Environment("AZURE_TENANT_ID").empty() &&
      !(Environment("AZURE_CLIENT_SECRET") + Environment("AZURE_FEDERATED_TOKEN_FILE")).empty();
  return has_application ? FromApplication(settings) : FromMachine(settings);
}

Expected<BearerToken> AzureCredentials::FromMachine(const AzureSettings& settings) const {
  HttpQuery query = {{"resource", kResource}};
  if (!settings.client_id.empty()) query["client_id"] = settings.client_id;
  HttpRequest request{.is_local = true, .timeout = std::chrono::seconds(5)};
  // App Service and container apps have an address of their own; virtual machines a fixed one.
  if (const std::string own = Environment("IDENTITY_ENDPOINT"); !own.empty()) {
    query["api-version"] = "2019-08-01";
    request.url = own + "?" + EncodeQuery(query);
    request.headers = {{"X-IDENTITY-HEADER", Environment("IDENTITY_HEADER")}};
  } else {
    query["api-version"] = "2018-02-01";
    request.url = Or(Environment("AZURE_POD_IDENTITY_AUTHORITY_HOST"), "http://169.254.169.254") +
                  "/metadata/identity/oauth2/token?" + EncodeQuery(query);
    request.headers = {{"Metadata", "true"}};
  }
  ASSIGN_OR_RETURN(const HttpResponse response, AskForToken(client_, request, "a token of the machine's identity"));
  return ParseBearerToken(response.body);
}

Expected<BearerToken> AzureCredentials::FromApplication(const AzureSettings& settings) const {
  HttpQuery fields = {{"grant_type", "client_credentials"},
                      {"client_id", Or(settings.client_id, Environment("AZURE_CLIENT_ID").c_str())},
                      {"scope", std::string(kResource) + ".default"}};
  if (const std::string secret = Environment("AZURE_CLIENT_SECRET"); !secret.empty()) {
    fields["client_secret"] = secret;
  } else {
    ASSIGN_OR_RETURN(const std::string token, ReadFile(Environment("AZURE_FEDERATED_TOKEN_FILE"), kMaxSettingsBytes));
    fields["client_assertion_type"] = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    fields["client_assertion"] = TrimBlanks(token);
  }
  std::string host = Or(Environment("AZURE_AUTHORITY_HOST"), "https://login.microsoftonline.com");
  if (host.ends_with('/')) host.pop_back();
  const HttpRequest request{.method = "POST",
                            .url = fmt::format("{}/{}/oauth2/v2.0/token", host, Environment("AZURE_TENANT_ID")),
                            .headers = {{"content-type", "application/x-www-form-urlencoded"}},
                            .body = EncodeForm(fields)};
  ASSIGN_OR_RETURN(const HttpResponse response, AskForToken(client_, request, "a token of the application"));
  return ParseBearerToken(response.body);
}

}  // namespace neso::object_store
