#include "object_store/aws_credentials.h"

#include "base/read_file.h"
#include "base/text.h"
#include "object_store/token_request.h"
#include "object_store/xml.h"

namespace neso::object_store {
namespace {

constexpr const char* kDefaultRegion = "us-east-1";
constexpr int kMaxProfileDepth = 5;
constexpr std::chrono::milliseconds kMetadataTimeout{1000};

std::string RegionOfEnvironment() {
  const std::string region = Environment("AWS_DEFAULT_REGION");
  return region.empty() ? Environment("AWS_REGION") : region;
}

std::string RegionOr(const std::string& region) {
  std::string set = RegionOfEnvironment();
  if (!set.empty()) return set;
  return region.empty() ? kDefaultRegion : region;
}

std::string Or(const std::string& value, const std::string& other) { return value.empty() ? other : value; }

std::string MemberOf(const std::map<std::string, std::string>& section, const char* name) {
  const auto it = section.find(name);
  return it == section.end() ? "" : it->second;
}

// A profile of both files; what stands in the credentials file counts more.
std::map<std::string, std::string> ProfileOf(const std::string& name) {
  std::map<std::string, std::string> merged;
  const auto add = [&](const std::string& file, const std::string& section) {
    if (file.empty()) return;
    const Expected<std::optional<std::string>> text = ReadFileIfThere(file, kMaxSettingsBytes);
    if (!text || !*text) return;
    IniFile sections = ParseIni(**text);
    merged.merge(sections[section]);
  };
  add(Or(Environment("AWS_SHARED_CREDENTIALS_FILE"), InHome(".aws/credentials")), name);
  const std::string config = Or(Environment("AWS_CONFIG_FILE"), InHome(".aws/config"));
  if (name == "default") add(config, name);
  add(config, "profile " + name);
  return merged;
}

AwsIdentity FromKeyJson(const JsonValue& root) {
  AwsIdentity identity;
  identity.key = {TextMember(root, "AccessKeyId"), TextMember(root, "SecretAccessKey"), TextMember(root, "Token")};
  identity.expires = ParseUtc(TextMember(root, "Expiration"));
  return identity;
}

std::string StsUrl(const std::string& region) {
  const std::string set = Environment("AWS_ENDPOINT_URL_STS");
  if (set.empty()) return fmt::format("https://sts.{}.amazonaws.com/", region);
  return set.ends_with('/') ? set : set + "/";
}

}  // namespace

AwsCredentials::AwsCredentials(HttpClient& client, std::optional<CredentialEntry> entry)
    : client_(client), entry_(std::move(entry)) {}

Expected<AwsIdentity> AwsCredentials::Get() {
  {
    MutexLock lock(mutex_);
    if (current_ && !(current_->expires && ExpiresSoon(*current_->expires))) return *current_;
  }
  // Whoever comes meanwhile fetches as well; each gets what is good.
  ASSIGN_OR_RETURN(AwsIdentity found, entry_ ? FromEntry() : Find());
  MutexLock lock(mutex_);
  current_ = found;
  return found;
}

bool AwsCredentials::Renew() {
  MutexLock lock(mutex_);
  const bool may_change = !current_ || (current_->source != "AWS_ACCESS_KEY_ID" && current_->source != "the entry");
  // What stays as it is is what the advice tells of.
  if (may_change) current_.reset();
  return may_change;
}

std::string AwsCredentials::Advice() const {
  MutexLock lock(mutex_);
  const std::string used =
      !current_ ? "without a key"
      : current_->key.id.empty()
          ? "anonymously, as no key was found"
          : fmt::format("with the key {} from {}, in region {}", current_->key.id, current_->source, current_->region);
  if (entry_) return used + "; change the entry of the file that TRITON_CLOUD_CREDENTIAL_PATH names";
  return used + "; set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_DEFAULT_REGION, or AWS_PROFILE";
}

Expected<AwsIdentity> AwsCredentials::FromEntry() const {
  const std::string id = MemberOf(*entry_, "key_id");
  if (!id.empty()) {
    AwsIdentity identity;
    identity.key = {id, MemberOf(*entry_, "secret_key"), MemberOf(*entry_, "session_token")};
    identity.region = Or(MemberOf(*entry_, "region"), kDefaultRegion);
    identity.source = "the entry";
    return identity;
  }
  const std::string profile = Or(MemberOf(*entry_, "profile"), "default");
  ASSIGN_OR_RETURN(std::optional<AwsIdentity> identity, FromProfile(profile, 0));
  if (!identity) identity = AwsIdentity{{}, kDefaultRegion, "nowhere"};
  if (const std::string region = MemberOf(*entry_, "region"); !region.empty()) identity->region = region;
  return *std::move(identity);
}

Expected<AwsIdentity> AwsCredentials::Find() const {
  const std::string id = Environment("AWS_ACCESS_KEY_ID");
  const std::string secret = Environment("AWS_SECRET_ACCESS_KEY");
  const std::string profile = Environment("AWS_PROFILE");
  if (!id.empty() && !secret.empty()) {
    const std::string region = RegionOr(MemberOf(ProfileOf(Or(profile, "default")), "region"));
    return AwsIdentity{{id, secret, Environment("AWS_SESSION_TOKEN")}, region, "AWS_ACCESS_KEY_ID"};
  }
  ASSIGN_OR_RETURN(std::optional<AwsIdentity> found, FromProfile(Or(profile, "default"), 0));
  if (!found && !profile.empty()) {
    return InvalidArg("AWS_PROFILE names the profile '{}', which has no keys in ~/.aws/credentials or ~/.aws/config",
                      profile);
  }
  if (found) return *std::move(found);
  const std::string token_file = Environment("AWS_WEB_IDENTITY_TOKEN_FILE");
  const std::string role = Environment("AWS_ROLE_ARN");
  if (!token_file.empty() && !role.empty()) return AssumeRoleWithToken(role, token_file);
  if (const std::string path = Environment("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"); !path.empty()) {
    return FromContainer("http://169.254.170.2" + path);
  }
  if (const std::string url = Environment("AWS_CONTAINER_CREDENTIALS_FULL_URI"); !url.empty()) {
    return FromContainer(url);
  }
  if (std::optional<AwsIdentity> machine = FromMachine()) return *std::move(machine);
  return AwsIdentity{{}, RegionOr(MemberOf(ProfileOf("default"), "region")), "nowhere"};
}

Expected<std::optional<AwsIdentity>> AwsCredentials::FromProfile(const std::string& name, int depth) const {
  const std::map<std::string, std::string> profile = ProfileOf(name);
  const std::string region = RegionOr(MemberOf(profile, "region"));
  const std::string role = MemberOf(profile, "role_arn");
  const std::string source = MemberOf(profile, "source_profile");
  if (const std::string file = MemberOf(profile, "web_identity_token_file"); !role.empty() && !file.empty()) {
    ASSIGN_OR_RETURN(AwsIdentity identity, AssumeRoleWithToken(role, file));
    identity.region = region;
    return std::optional(std::move(identity));
  }
  if (!role.empty() && !source.empty()) {
    if (depth == kMaxProfileDepth) return InvalidArg("the source_profile of profile '{}' leads too far", name);
    // A profile may be its own source: the one with the keys.
    if (source != name) {
      ASSIGN_OR_RETURN(const std::optional<AwsIdentity> by, FromProfile(source, depth + 1));
      if (!by) return InvalidArg("profile '{}' takes its keys from profile '{}', which has none", name, source);
      ASSIGN_OR_RETURN(AwsIdentity identity, AssumeRole(role, *by));
      identity.region = region;
      return std::optional(std::move(identity));
    }
  }
  AwsIdentity identity;
  identity.key = {MemberOf(profile, "aws_access_key_id"), MemberOf(profile, "aws_secret_access_key"),
                  MemberOf(profile, "aws_session_token")};
  identity.region = region;
  identity.source = fmt::format("profile '{}'", name);
  if (identity.key.id.empty() || identity.key.secret.empty()) return std::optional<AwsIdentity>();
  if (role.empty()) return std::optional(std::move(identity));
  ASSIGN_OR_RETURN(AwsIdentity assumed, AssumeRole(role, identity));
  return std::optional(std::move(assumed));
}

Expected<AwsIdentity> AwsCredentials::AssumeRole(const std::string& role, const AwsIdentity& by) const {
  const std::string body =
      EncodeForm({{"Action", "AssumeRole"}, {"Version", "2011-06-15"}, {"RoleArn", role}, {"RoleSessionName", "neso"}});
  return AskSts({.method = "POST",
                 .url = StsUrl(by.region),
                 .headers = {{"content-type", "application/x-www-form-urlencoded"}},
                 .body = body},
                &by, fmt::format("the role {}", role));
}

Expected<AwsIdentity> AwsCredentials::AssumeRoleWithToken(const std::string& role,
                                                          const std::string& token_file) const {
  ASSIGN_OR_RETURN(const std::string token, ReadFile(token_file, kMaxSettingsBytes));
  const std::string body = EncodeForm({{"Action", "AssumeRoleWithWebIdentity"},
                                       {"Version", "2011-06-15"},
                                       {"RoleArn", role},
                                       {"RoleSessionName", Or(Environment("AWS_ROLE_SESSION_NAME"), "neso")},
                                       {"WebIdentityToken", std::string(TrimBlanks(token))}});
  return AskSts({.method = "POST",
                 .url = StsUrl(RegionOr("")),
                 .headers = {{"content-type", "application/x-www-form-urlencoded"}},
                 .body = body},
                nullptr, fmt::format("the role {} with the token of {}", role, token_file));
}

Expected<AwsIdentity> AwsCredentials::AskSts(HttpRequest request, const AwsIdentity* signer,
                                             const std::string& source) const {
  request.authorities_file = Environment("AWS_CA_BUNDLE");
  if (signer != nullptr) {
    const size_t path = request.url.find('/', request.url.find("://") + 3);
    SignAws(signer->key, signer->region, "sts", std::chrono::system_clock::now(), request.url.substr(path), "",
            request);
  }
  ASSIGN_OR_RETURN(const HttpResponse response, AskForToken(client_, request, "keys of " + source));
  AwsIdentity identity;
  identity.region = RegionOr(signer == nullptr ? "" : signer->region);
  identity.source = source;
  RETURN_IF_ERROR(
      ParseXml(response.body, {.on_end = [&](const std::string& path, const std::string& text, const auto&) {
                 if (path.ends_with("Credentials/AccessKeyId")) identity.key.id = text;
                 if (path.ends_with("Credentials/SecretAccessKey")) identity.key.secret = text;
                 if (path.ends_with("Credentials/SessionToken")) identity.key.session_token = text;
                 if (path.ends_with("Credentials/Expiration")) identity.expires = ParseUtc(text);
               }}));
  if (identity.key.id.empty()) return Internal("expected keys of {} from {}, got none", source, request.url);
  return identity;
}

Expected<AwsIdentity> AwsCredentials::FromContainer(const std::string& url) const {
  HttpRequest request{.url = url, .is_local = true, .timeout = kMetadataTimeout * 5};
  std::string token = Environment("AWS_CONTAINER_AUTHORIZATION_TOKEN");
  if (const std::string file = Environment("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"); !file.empty()) {
    ASSIGN_OR_RETURN(token, ReadFile(file, kMaxSettingsBytes));
  }
  if (!token.empty()) request.headers.emplace_back("Authorization", std::string(TrimBlanks(token)));
  ASSIGN_OR_RETURN(const HttpResponse response, AskForToken(client_, request, "the container's keys"));
  JsonDocument document;
  RETURN_IF_ERROR(document.Parse(response.body));
  AwsIdentity identity = FromKeyJson(document.root());
  if (identity.key.id.empty()) return Internal("expected keys from {}, got none", url);
  identity.region = RegionOr("");
  identity.source = "the container";
  return identity;
}

std::optional<AwsIdentity> AwsCredentials::FromMachine() const {
  if (EqualsIgnoreCaseAscii(Environment("AWS_EC2_METADATA_DISABLED"), "true")) return std::nullopt;
  const std::string base = Or(Environment("AWS_EC2_METADATA_SERVICE_ENDPOINT"), "http://169.254.169.254");
  HttpHeaders headers;
  const auto ask = [&](const std::string& method, const std::string& path) -> std::optional<std::string> {
    const Expected<HttpResponse> response = client_.Send(
        {.method = method, .url = base + path, .headers = headers, .is_local = true, .timeout = kMetadataTimeout});
    if (!response || !response->IsSuccess()) return std::nullopt;
    return std::string(TrimBlanks(response->body));
  };
  headers = {{"X-aws-ec2-metadata-token-ttl-seconds", "21600"}};
  const std::optional<std::string> token = ask("PUT", "/latest/api/token");
  if (!token) return std::nullopt;
  headers = {{"X-aws-ec2-metadata-token", *token}};
  const std::optional<std::string> role = ask("GET", "/latest/meta-data/iam/security-credentials/");
  if (!role || role->empty()) return std::nullopt;
  const std::string name = role->substr(0, role->find('\n'));
  const std::optional<std::string> keys =
      ask("GET", "/latest/meta-data/iam/security-credentials/" + EncodeForUrl(name));
  JsonDocument document;
  if (!keys || !document.Parse(*keys).ok()) return std::nullopt;
  AwsIdentity identity = FromKeyJson(document.root());
  if (identity.key.id.empty()) return std::nullopt;
  identity.region = RegionOr(ask("GET", "/latest/meta-data/placement/region").value_or(""));
  identity.source = fmt::format("the machine's role {}", name);
  return identity;
}

}  // namespace neso::object_store
