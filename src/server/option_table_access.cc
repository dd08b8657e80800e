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
};

}  // namespace

OptionGroup AccessGroup() { return {"Access", kAccess}; }

}  // namespace neso
