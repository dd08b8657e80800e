#include "command/repository/image_recipe.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/json.h"
#include "base/text.h"

namespace neso::command {
namespace {

// Backends whose models, or which themselves, run in Python.
constexpr std::array kOfPython = {"python", "pytorch", "vllm"};

// What the image is, what it is built from, and its name.
constexpr const char* kHead = R"(# {0} Written by `neso dockerfile`.
#
# Built from {1}:
#   docker build -f Dockerfile -t {2} .
ARG BASE={3}

)";

// Where the parts are from.
constexpr const char* kOfArchive = R"(# hadolint ignore=DL3006
FROM ${BASE} AS tree
COPY neso.tar.gz /tmp/
RUN mkdir -p /opt/tritonserver \
 && tar -xzf /tmp/neso.tar.gz -C /opt/tritonserver --strip-components=1 --no-same-owner
)";
constexpr const char* kOfImage = R"(FROM {0} AS full

# hadolint ignore=DL3006
FROM ${{BASE}} AS tree
COPY --from=full /opt/tritonserver /opt/tritonserver
)";

// The parts of a kind that stay, in their folder.
constexpr const char* kKeep = R"(WORKDIR /opt/tritonserver/{0}
# hadolint ignore=SC2043,SC2194
RUN for name in {1}; do [ -d "$name" ] || {{ echo "{2} has no {0}/$name" >&2; exit 1; }}; done \
 && for name in *; do case " {1} " in *" $name "*) ;; *) rm -rf "./$name" ;; esac; done
)";

// What others may read, what the system needs besides, the models, and the words of the server.
constexpr const char* kTail = R"({1}RUN chmod -R u+rwX,go+rX,go-w /opt/tritonserver{2}

# hadolint ignore=DL3006
FROM ${{BASE}}
# Some bases have a user with the number 1000.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates libnghttp2-14 libssl3 zlib1g libcurl4 libexpat1 libstdc++6 libgomp1{0} \
 && rm -rf /var/lib/apt/lists/* \
 && if entry=$(getent passwd 1000); then userdel "${{entry%%:*}}"; fi \
 && if entry=$(getent group 1000); then groupdel "${{entry%%:*}}"; fi \
 && groupadd --gid 1000 triton-server \
 && useradd --uid 1000 --gid 1000 --no-create-home --home-dir /nonexistent triton-server
COPY --from=tree /opt/tritonserver /opt/tritonserver
{3}ENV PATH=/opt/tritonserver/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
USER 1000:1000
EXPOSE {4}
HEALTHCHECK --interval=10s --timeout=5s --start-period=300s CMD ["neso", "status", "--ready", "--timeout=4"{5}]
ENTRYPOINT ["neso", {6}]
)";

constexpr const char* kModels = "/models";

// An image's name has small letters and figures, and between them a '-' where there is something else.
std::string ImageName(const std::string& repository) {
  std::string name;
  bool is_apart = false;
  for (const char c : ToLowerAscii(repository)) {
    const bool is_of_name = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (is_of_name && is_apart && !name.empty()) name += '-';
    if (is_of_name) name += c;
    is_apart = !is_of_name;
  }
  return name.empty() ? "neso" : name;
}

std::string Keep(const ImageOrder& order, const char* folder, const std::vector<std::string>& names) {
  return names.empty() ? ""
                       : fmt::format(kKeep, folder, Join(names, " "), order.full.empty() ? "the archive" : order.full);
}

std::string WhatItIs(const ImageOrder& order) {
  if (order.repository.empty()) {
    return fmt::format("An image of the server with the backends {}, for models in {}.", Join(order.backends, ", "),
                       kModels);
  }
  return fmt::format("An image that serves the models of '{}', with the backends that they need.", order.repository);
}

std::string WhatItIsBuiltFrom(const ImageOrder& order) {
  std::vector<std::string> held;
  if (!order.repository.empty()) held.push_back("'" + order.repository + "'");
  if (order.full.empty()) held.emplace_back("the archive of the server (make package) as neso.tar.gz");
  return held.empty() ? "any folder" : "the folder that holds " + Join(held, " and ");
}

std::string Head(const ImageOrder& order) {
  std::string name = order.name;
  if (name.empty()) name = order.repository.empty() ? "neso" : ImageName(order.repository);
  return fmt::format(kHead, WhatItIs(order), WhatItIsBuiltFrom(order), name, order.base) +
         (order.full.empty() ? std::string(kOfArchive) : fmt::format(kOfImage, order.full));
}

// Of the server's options, the last of that name: "--http-port" has "9000".
std::string Value(const std::vector<std::string>& options, std::string_view name, std::string value) {
  for (const std::string_view option : options) {
    if (option.starts_with(name) && option.substr(name.size()).starts_with('=')) value = option.substr(name.size() + 1);
  }
  return value;
}

bool IsOn(const std::vector<std::string>& options, std::string_view name, bool unless_given) {
  const std::string value = ToLowerAscii(Value(options, name, unless_given ? "true" : "false"));
  return value == "true" || value == "on" || value == "1";
}

// The words of `neso status` that name another address than the usual one, as further elements of a list.
std::string WhereToAsk(const std::vector<std::string>& options) {
  const bool has_http = IsOn(options, "--allow-http", true);
  const bool has_tls = IsOn(options, has_http ? "--http-use-ssl" : "--grpc-use-ssl", false);
  const std::string port = has_http ? Value(options, "--http-port", "8000") : Value(options, "--grpc-port", "8001");
  const std::string scheme = fmt::format("{}{}://", has_http ? "http" : "grpc", has_tls ? "s" : "");
  std::string words;
  if (scheme != "http://" || port != "8000") words += ", " + JsonQuoted("--url=" + scheme + "localhost:" + port);
  if (has_tls) words += ", \"--insecure\"";  // it asks itself
  return words;
}

std::string Ports(const std::vector<std::string>& options) {
  return fmt::format("{} {} {}", Value(options, "--http-port", "8000"), Value(options, "--grpc-port", "8001"),
                     Value(options, "--metrics-port", "8002"));
}

std::string Tail(const ImageOrder& order) {
  const bool has_python = std::ranges::any_of(
      order.backends, [](const std::string& name) { return std::ranges::find(kOfPython, name) != kOfPython.end(); });
  std::string take, place;  // the models; by way of the stage in which the rights of files are seen to
  if (!order.repository.empty()) {
    take = fmt::format("COPY [{}, \"{}/\"]\n", JsonQuoted(order.repository + "/"), kModels);
    place = fmt::format("COPY --from=tree {0} {0}\n", kModels);
  }
  std::vector<std::string> words = {JsonQuoted(std::string("--model-repository=") + kModels)};
  for (const std::string& option : order.options) words.push_back(JsonQuoted(option));
  return fmt::format(kTail, has_python ? " python3 python3-numpy" : "", take,
                     take.empty() ? "" : std::string(" ") + kModels, place, Ports(order.options),
                     WhereToAsk(order.options), Join(words, ", "));
}

}  // namespace

std::string ImageRecipe(const ImageOrder& order) {
  return Head(order) + Keep(order, "backends", order.backends) + Keep(order, "repoagents", order.agents) +
         Keep(order, "caches", order.caches) + Tail(order);
}

}  // namespace neso::command
