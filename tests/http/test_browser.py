"""What browsers use: pages, and the permission for pages of other origins."""
import pytest
import requests
from support.inference import body

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
PAGE = "https://app.example.com"
PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type,admin-key"}


@pytest.fixture
def identity(repository):
    repository.add_identity()
    return repository.path


# --- Pages ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path, text", [("/", "/v2/repository/index"), ("/docs", "/openapi.json")])
def test_a_page_needs_nothing_but_the_server(identity, start_server, path, text):
    server = start_server(identity)
    page = server.get(path, headers=BROWSER)
    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert text in page.text and "/*style*/" not in page.text
    assert "http://" not in page.text.replace("`http://${location.hostname}", "") and "https://" not in page.text
    assert "connect-src 'self'" in page.headers["Content-Security-Policy"]
    head = requests.head(server.url + path, headers=BROWSER, timeout=30)
    assert (head.status_code, int(head.headers["Content-Length"])) == (200, len(page.content))


def test_the_page_knows_where_metrics_are(identity, start_server):
    server = start_server(identity)
    assert f'data-metrics-port="{server.metrics_port}"' in server.get("/", headers=BROWSER).text
    without = start_server(identity, "--allow-metrics=false")
    assert 'data-metrics-port="0"' in without.get("/", headers=BROWSER).text


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_programs_get_the_protocol_s_404(identity, start_server, path):
    server = start_server(identity)
    for headers in ({"Accept": "*/*"}, {"Accept": "application/json"}):
        answer = server.get(path, headers=headers)
        assert (answer.status_code, answer.json()) == (404, {"error": "Not Found"})


def test_pages_are_restricted_with_metadata(identity, start_server):
    server = start_server(identity, "--http-restricted-api=metadata:key=secret")
    assert server.get("/", headers=BROWSER).status_code == 403
    assert server.get("/", headers={**BROWSER, "key": "secret"}).status_code == 200


# --- Other origins ----------------------------------------------------------------------------------------------------


def infer(server, headers):
    return server.post("/v2/models/identity/infer", body([1.0]), headers=headers)


def allowed(answer):
    return answer.headers.get("Access-Control-Allow-Origin")


def test_no_other_origin_is_allowed_by_default(identity, start_server):
    server = start_server(identity)
    assert allowed(server.get("/v2", headers={"Origin": PAGE})) is None
    assert requests.options(server.url + "/v2", headers={"Origin": PAGE, **PREFLIGHT}, timeout=30).status_code == 405


def test_named_origins_are_allowed(identity, start_server):
    server = start_server(identity, f"--http-cors-allow-origin={PAGE},http://localhost:3000")
    for origin, expected in ((PAGE, PAGE), ("http://localhost:3000", "http://localhost:3000"), ("https://evil.example", None),
                             (None, None)):
        answer = server.get("/v2", headers={"Origin": origin} if origin else {})
        assert (answer.status_code, allowed(answer), answer.headers["Vary"]) == (200, expected, "Origin")


def test_every_kind_of_answer_may_be_read(identity, start_server):
    server = start_server(identity, "--http-cors-allow-origin=*")
    origin = {"Origin": PAGE}
    answers = [infer(server, origin), server.post("/v2/models/no/infer", "{}", headers=origin),
               server.get("/nothing", headers=origin), server.post("/v2", "{}", headers=origin),
               server.post("/v2/models/identity/generate_stream", '{"INPUT0": 1}', headers=origin)]
    assert [answer.status_code for answer in answers] == [200, 404, 404, 405, 200]
    for answer in answers:
        assert allowed(answer) == "*"
        assert "Inference-Header-Content-Length" in answer.headers["Access-Control-Expose-Headers"]


def test_browsers_may_ask_before(identity, start_server):
    server = start_server(identity, f"--http-cors-allow-origin={PAGE}", "--http-restricted-api=inference:admin-key=secret")
    url = f"{server.url}/v2/models/identity/infer"
    answer = requests.options(url, headers={"Origin": PAGE, **PREFLIGHT}, timeout=30)
    assert (answer.status_code, answer.content, allowed(answer)) == (204, b"", PAGE)
    assert answer.headers["Access-Control-Allow-Methods"] == "GET, HEAD, POST"
    assert answer.headers["Access-Control-Allow-Headers"] == "content-type,admin-key"
    refused = requests.options(url, headers={"Origin": "https://evil.example", **PREFLIGHT}, timeout=30)
    assert (refused.status_code, allowed(refused)) == (403, None)
    # What comes after is checked as ever.
    assert infer(server, {"Origin": PAGE}).status_code == 403
