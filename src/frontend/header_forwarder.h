// Headers and metadata that become parameters of a request.
//
//   ASSIGN_OR_RETURN(auto forwarder, HeaderForwarder::Create("^x-"));
//   ASSIGN_OR_RETURN(std::vector<NamedParameter> parameters, forwarder->FromHeaders(exchange->head()));
//
// Source: the options --http-header-forward-pattern and --grpc-header-forward-pattern.
#pragma once

#include <re2/re2.h>

#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "core/types.h"
#include "net/http_exchange.h"

namespace neso {

// Thread-safe.
class HeaderForwarder {
 public:
  // Headers are taken whose name `pattern` matches anywhere, whatever the case.
  // Error: kInvalidArg for what is no regular expression.
  static Expected<std::shared_ptr<const HeaderForwarder>> Create(const std::string& pattern);

  const std::string& pattern() const { return pattern_; }

  // One string parameter for each header that is taken, in their order and under their names, repeated ones too.
  // Error: kInvalidArg for a name that means something in a request.
  Expected<std::vector<NamedParameter>> FromHeaders(const net::HttpHead& head) const;
  // The same for a gRPC call, whose metadata are the headers that are not gRPC's own. Values of "-bin" keys are
  // decoded. Errors: also kInvalidArg for such a value that cannot be.
  Expected<std::vector<NamedParameter>> FromMetadata(const net::HttpHead& head) const;

 private:
  explicit HeaderForwarder(const std::string& pattern);
  Expected<bool> Takes(std::string_view name) const;

  const std::string pattern_;
  const RE2 expression_;
};

}  // namespace neso
