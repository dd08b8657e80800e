#include "net/http_server.h"

#include <gtest/gtest.h>

#include "net/net_test_util.h"

namespace neso::net {
namespace {

TEST(HttpServerTest, AnswersARequest) {
  TestServer server;
  TestClient client(server.port());
  client.Send("GET /hello?x=1 HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.ReadResponse(), "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 16\r\n\r\nGET /hello?x=1 0");
}

}  // namespace
}  // namespace neso::net
