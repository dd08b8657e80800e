#include "client/server_address.h"

#include <gtest/gtest.h>

namespace neso::client {
namespace {

std::string Parsed(std::string_view text) {
  const Expected<ServerAddress> server = ParseServerAddress(text);
  if (!server) return server.error().message();
  return fmt::format("{}{} {}{}", server->protocol == Protocol::kGrpc ? "grpc" : "http",
                     server->endpoint.uses_tls ? "s" : "", server->endpoint.Place(), server->endpoint.path);
}

TEST(ServerAddressTest, TheSchemeSaysWhichProtocolIsSpoken) {
  EXPECT_EQ(Parsed("gpu-1"), "http gpu-1:8000");
  EXPECT_EQ(Parsed("gpu-1:80"), "http gpu-1:80");
  EXPECT_EQ(Parsed("http://gpu-1/base/"), "http gpu-1:8000/base");
  EXPECT_EQ(Parsed("https://gpu-1:443"), "https gpu-1:443");
  EXPECT_EQ(Parsed("grpc://gpu-1"), "grpc gpu-1:8001");
  EXPECT_EQ(Parsed("grpcs://[::1]:1"), "grpcs [::1]:1");
  EXPECT_EQ(Parsed("unix:/run/s"), "http unix:/run/s");
  EXPECT_EQ(Parsed("grpcs://unix:/run/s"), "grpcs unix:/run/s");
}

TEST(ServerAddressTest, WhatIsNoAddressIsShownAsItWasWritten) {
  for (const char* const text : {"", "a:b", "grpc://", "grpcs://a:0", "ftp://a:1", "unix:", "grpc://unix://a"}) {
    EXPECT_EQ(Parsed(text), fmt::format("'{}' is no address of a server: expected HOST:PORT, or that after http://, "
                                        "https://, grpc:// or grpcs://; unix:PATH stands in place of HOST:PORT",
                                        text));
  }
  EXPECT_EQ(Parsed("grpc://a/base"), "'grpc://a/base' is no address of a server: gRPC takes no path behind HOST:PORT");
}

}  // namespace
}  // namespace neso::client
