// Options of access control: who may do what.
#include "base/text.h"
#include "server/option_spec.h"

namespace neso {
namespace {

// A list of operations, "all" or "none".
Expected<AccessRights> ParseOperations(const std::string& argument) {
  AccessRights rights;
  if (argument == "none") return rights;
  if (argument == "all") return AccessRights::All();
  for (const std::string_view name : Split(argument, ',')) {
    const std::optional<AccessRight> right = AccessRightFromName(name);
    if (!right) {
      return InvalidArg("there is no operation '{}'; expected all, none, or some of {}. Got {}", name,
                        AccessRights::All().ToString(), argument);
    }
    rights.Add(*right);
  }
  return rights;
}

Status AccessOpen(ParseState& state, const std::string& argument) {
  ASSIGN_OR_RETURN(state.options.access.open, ParseOperations(argument));
  return {};
}

Status LocalApis(ParseState& state, const std::string& argument) {
  ASSIGN_OR_RETURN(state.options.access.local_apis, ParseOperations(argument));
  return {};
}

Status AllowedHosts(ParseState& state, const std::string& argument) {
  std::optional<std::vector<std::string>>& hosts = state.options.access.allowed_hosts;
  hosts.reset();
  if (argument == "any") return {};
  hosts.emplace();
  if (argument == "none") return {};
  for (const std::string_view host : Split(argument, ',')) {
    if (host.empty() || host.find_first_of("/: ") != std::string_view::npos) {
      return InvalidArg("expected any, none, or names of hosts without ports. Got {}", argument);
    }
    hosts->emplace_back(host);
  }
  return {};
}

Status MaxRequests(ParseState& state, const std::string& argument) {
  ASSIGN_OR_RETURN(const int64_t count, ParseValue<int64_t>(argument));
  if (count < 0) return InvalidArg("expected a number from 0. Got {}", argument);
  state.options.access.max_requests = count == 0 ? SIZE_MAX : static_cast<size_t>(count);
  return {};
}

Status Hardened(ParseState& state, const std::string&) {
  state.options.access.hardened = true;
  return {};
}

constexpr OptionSpec kAccess[] = {
    {"access-keys", "string",
     "Ask for a key: the file that holds them, which 'neso key create' writes. A changed file is taken at once. Default "
     "is none.",
     Set<&Options::access, &AccessOptions::keys_file>},
    {"access-open", "string",
     "What needs no key, where others do: all, none, or some of health, metadata, inference, model-config, index, "
     "statistics, model-repository, shared-memory, trace, logging and metrics. Default is health.",
     AccessOpen},
    {"audit-log", "string",
     "File that tells who loaded, unloaded or changed something, and who was refused, a JSON object a line. Default is "
     "none.",
     Set<&Options::access, &AccessOptions::audit, &AuditSettings::file>},
    {"audit-inference", "boolean", "Tell of inference in the audit log, too. Default is false.",
     Set<&Options::access, &AccessOptions::audit, &AuditSettings::inference>},
    {"audit-log-max-bytes", "integer",
     "The audit log becomes FILE.1 when it would be larger, in place of the one before. Default is 0: it grows.",
     Set<&Options::access, &AccessOptions::audit, &AuditSettings::max_bytes>},
    {"hardened", nullptr,
     "Serve strangers: the following options, and the limits of --http-limit and --grpc-limit, are strict unless they are "
     "given.",
     Hardened},
    {"local-apis", "string",
     "Operations, as of --access-open, that without keys only clients on this machine may use. Default is none; hardened "
     "model-repository, shared-memory, trace and logging.",
     LocalApis},
    {"allowed-hosts", "string",
     "Names by which HTTP clients may call the server, beside its addresses and localhost: any, none, or a list in which * "
     "stands for any characters. Default is any; hardened none.",
     AllowedHosts},
    {"check-origin", "boolean",
     "Refuse what browsers send for pages that neither this server nor --http-cors-allow-origin knows. Default is false; "
     "hardened true.",
     Set<&Options::access, &AccessOptions::check_origin>},
    {"refuse-early", "boolean",
     "Answer HTTP requests that are wrong by their path, method or secret before their body has come. Default is false; "
     "hardened true.",
     Set<&Options::access, &AccessOptions::refuse_early>},
    {"allow-load-files", "boolean",
     "Let requests to load a model bring files of it, which may be programs. Default is true; hardened false.",
     Set<&Options::access, &AccessOptions::allow_load_files>},
    {"max-requests", "integer",
     "Inference requests that may be under way at a time; others are refused. Default is 0, any number; hardened 10000.",
     MaxRequests},
};

}  // namespace

OptionGroup AccessGroup() { return {"Access", kAccess}; }

}  // namespace neso
