#include "frontend/http/pages.h"

#include "base/check.h"

namespace neso {

// Made by the build.
extern const std::string_view kIndexPageText;
extern const std::string_view kApiPageText;
extern const std::string_view kPageStyleText;

namespace {

void Fill(std::string& page, std::string_view placeholder, std::string_view text) {
  const size_t at = page.find(placeholder);
  CHECK(at != std::string::npos, "the page has a place for it");
  page.replace(at, placeholder.size(), text);
}

std::string Styled(std::string_view source) {
  std::string page(source);
  Fill(page, "/*style*/", kPageStyleText);
  return page;
}

}  // namespace

bool IsPage(Endpoint endpoint) { return endpoint == Endpoint::kIndexPage || endpoint == Endpoint::kApiPage; }

bool WantsHtml(const net::HttpHead& head) { return head.Find("Accept").find("text/html") != std::string_view::npos; }

std::string IndexPage(int metrics_port) {
  std::string page = Styled(kIndexPageText);
  Fill(page, "data-metrics-port=\"0\"", "data-metrics-port=\"" + std::to_string(metrics_port) + "\"");
  return page;
}

std::string ApiPage() { return Styled(kApiPageText); }

std::vector<std::pair<std::string, std::string>> PageHeaders() {
  return {
      {"Content-Security-Policy",
       "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; connect-src 'self'; "
       "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
      {"X-Content-Type-Options", "nosniff"},
      {"Referrer-Policy", "no-referrer"},
      {"Cache-Control", "no-cache"},
      {"Vary", "Accept"}};
}

}  // namespace neso
