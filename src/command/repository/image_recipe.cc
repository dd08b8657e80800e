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

constexpr const char* kHead =
    R"(# An image that serves the models of '{0}', with the backends that they need. Written by `neso dockerfile`.
#
# Built from the folder that holds '{0}' and, as neso.tar.gz, the archive of the server (make package):
#   docker build -f Dockerfile -t {1} .
ARG BASE=debian:12-slim

# hadolint ignore=DL3006
FROM ${{BASE}} AS tree
COPY neso.tar.gz /tmp/
RUN mkdir -p /opt/tritonserver \
 && tar -xzf /tmp/neso.tar.gz -C /opt/tritonserver --strip-components=1 --no-same-owner
WORKDIR /opt/tritonserver/backends
# hadolint ignore=SC2043,SC2194
RUN for name in {2}; do [ -d "$name" ] || {{ echo "the archive has no backend $name" >&2; exit 1; }}; done \
 && for name in *; do case " {2} " in *" $name "*) ;; *) rm -rf "./$name" ;; esac; done \
 && chmod -R u+rwX,go+rX,go-w /opt/tritonserver

)";

constexpr const char* kTail = R"(# hadolint ignore=DL3006
FROM ${{BASE}}
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates libnghttp2-14 libssl3 zlib1g libcurl4 libexpat1 libstdc++6 libgomp1{0} \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 1000 --no-create-home --home-dir /nonexistent triton-server
COPY --from=tree /opt/tritonserver /opt/tritonserver
COPY {1}
ENV PATH=/opt/tritonserver/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
USER 1000:1000
EXPOSE 8000 8001 8002
HEALTHCHECK --interval=10s --timeout=5s --start-period=300s CMD ["neso", "status", "--ready", "--timeout=4"]
ENTRYPOINT ["neso", {2}]
)";

// An image's name has small letters only.
std::string ImageName(const std::string& repository) {
  std::string name = ToLowerAscii(repository);
  std::ranges::replace_if(
      name, [](char c) { return (c < 'a' || c > 'z') && (c < '0' || c > '9'); }, '-');
  return name;
}

}  // namespace

std::string ImageRecipe(const ImageOrder& order) {
  constexpr const char* kModels = "/models";
  const bool has_python = std::ranges::any_of(
      order.backends, [](const std::string& name) { return std::ranges::find(kOfPython, name) != kOfPython.end(); });
  std::vector<std::string> words = {JsonQuoted(std::string("--model-repository=") + kModels)};
  for (const std::string& option : order.options) words.push_back(JsonQuoted(option));
  const std::string copied =
      fmt::format("[{}, {}]", JsonQuoted(order.repository + "/"), JsonQuoted(std::string(kModels) + "/"));
  return fmt::format(kHead, order.repository, ImageName(order.repository), Join(order.backends, " ")) +
         fmt::format(kTail, has_python ? " python3 python3-numpy" : "", copied, Join(words, ", "));
}

}  // namespace neso::command
