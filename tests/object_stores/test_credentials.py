"""Where credentials come from. A small server on loopback stands for those who give out tokens and keys."""
import base64
import http.server
import json
import subprocess
import threading
import time
import urllib.parse

import pytest
from support.control import index, load
from support.object_stores import BUCKET, STORES
from support.server import free_port


class TokenService:
    """Answers GET, PUT and POST by the first part of `answers` that is in the path; remembers what it was asked."""

    def __init__(self, answers):
        self.port = free_port()
        self.asked = []  # (method, path, headers, body)
        service = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                service.asked.append((self.command, self.path, self.headers, body))
                answer = next((text for part, text in answers.items() if part in self.path), None)
                self.send_response(404 if answer is None else 200)
                self.end_headers()
                self.wfile.write((answer or "").encode())

            do_PUT = do_POST = do_GET

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def token_service():
    running = []

    def start(answers):
        running.append(TokenService(answers))
        return running[-1]

    yield start
    for service in running:
        service.stop()


@pytest.fixture(scope="module")
def of_scheme():
    """The store of a scheme, started when a test first asks for it."""
    running = {}

    def start(scheme):
        if not STORES[scheme].is_there():
            pytest.skip(f"no {STORES[scheme].program}: run scripts/setup test")
        if scheme not in running:
            running[scheme] = STORES[scheme]().start()
        return running[scheme]

    yield start
    for store in running.values():
        store.stop()


@pytest.fixture
def serve(folder, repository, temporary, tmp_path, start_server):
    """Starts a server with one model in the store, and these variables besides a HOME of its own."""
    def start(store, environment, *args):
        repository.add_identity("m")
        store.upload(repository.path, folder)
        home = tmp_path / "home"
        home.mkdir(exist_ok=True)
        server = start_server(f"{store.url}/{folder}", *args,
                              env={"HOME": str(home), "TMPDIR": str(temporary), **environment})
        if not args:
            assert index(server) == {"m:1": "READY"}
        return server
    return start


def authorizations(store):
    return {headers.get("Authorization", "") for _, _, headers in store.proxy.requests}


# --- S3 ---------------------------------------------------------------------------------------------------------------

def test_s3_profiles_of_shared_files(of_scheme, serve, tmp_path):
    s3 = of_scheme("s3")
    (tmp_path / "credentials").write_text(
        f"[default]\naws_access_key_id = no\naws_secret_access_key = no\n"
        f"[mine]\naws_access_key_id = {s3.key}\naws_secret_access_key = {s3.secret}\n")
    (tmp_path / "config").write_text("[profile mine]\nregion = eu-west-3\n")
    serve(s3, {"AWS_PROFILE": "mine", "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
               "AWS_CONFIG_FILE": str(tmp_path / "config")})
    assert any("/eu-west-3/s3/" in text for text in authorizations(s3))


def test_s3_default_profile_at_home(of_scheme, serve, tmp_path):
    s3 = of_scheme("s3")
    (tmp_path / "home/.aws").mkdir(parents=True)
    (tmp_path / "home/.aws/credentials").write_text(
        f"[default]\naws_access_key_id={s3.key}\naws_secret_access_key={s3.secret}\n")
    serve(s3, {})


def keys_json(s3):
    return json.dumps({"Code": "Success", "AccessKeyId": s3.key, "SecretAccessKey": s3.secret,
                       "Expiration": "2100-01-01T00:00:00Z"})


def test_s3_role_of_the_machine(of_scheme, serve, token_service):
    s3 = of_scheme("s3")
    service = token_service({"/latest/api/token": "session", "security-credentials/role": keys_json(s3),
                             "security-credentials/": "role", "placement/region": "ap-south-1"})
    serve(s3, {"AWS_EC2_METADATA_SERVICE_ENDPOINT": service.url})
    method, _, headers, _ = service.asked[0]
    assert (method, headers["X-aws-ec2-metadata-token-ttl-seconds"]) == ("PUT", "21600")
    assert {request[2]["X-aws-ec2-metadata-token"] for request in service.asked[1:]} == {"session"}
    assert any("/ap-south-1/s3/" in text for text in authorizations(s3))


def test_s3_credentials_of_the_container(of_scheme, serve, token_service, tmp_path):
    s3 = of_scheme("s3")
    service = token_service({"/keys": keys_json(s3)})
    (tmp_path / "token").write_text("of the pod\n")
    serve(s3, {"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{service.url}/keys",
               "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(tmp_path / "token")})
    assert service.asked[0][2]["Authorization"] == "of the pod"


def test_s3_role_by_a_token_with_a_session(token_service, temporary, tmp_path, start_server):
    service = token_service({"list-type": "<ListBucketResult></ListBucketResult>", "/": """
        <AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>
        <AccessKeyId>key</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>
        <SessionToken>a session</SessionToken><Expiration>2100-01-01T00:00:00Z</Expiration></Credentials>
        </AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"""})
    (tmp_path / "token").write_text("a.b.c")
    start_server(f"s3://127.0.0.1:{service.port}/{BUCKET}", "--model-control-mode=explicit", env={
        "HOME": str(temporary), "TMPDIR": str(temporary), "AWS_ENDPOINT_URL_STS": service.url,
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(tmp_path / "token"), "AWS_ROLE_ARN": "arn:aws:iam::1:role/r"})
    fields = urllib.parse.parse_qs(service.asked[0][3])
    assert (fields["WebIdentityToken"], fields["RoleArn"]) == (["a.b.c"], ["arn:aws:iam::1:role/r"])
    listings = [request for request in service.asked if "list-type" in request[1]]
    assert listings and all(request[2]["x-amz-security-token"] == "a session" for request in listings)
    assert all("x-amz-security-token" in request[2]["Authorization"] for request in listings)


def test_s3_without_a_key_is_asked_without_a_signature(token_service, temporary, start_server):
    service = token_service({"list-type": "<ListBucketResult></ListBucketResult>"})
    start_server(f"s3://127.0.0.1:{service.port}/{BUCKET}", "--model-control-mode=explicit",
                 env={"HOME": str(temporary), "TMPDIR": str(temporary), "AWS_EC2_METADATA_DISABLED": "true"})
    assert service.asked and all("Authorization" not in request[2] for request in service.asked)


# --- the file with an entry for each prefix ---------------------------------------------------------------------------

def test_the_longest_prefix_counts_and_the_file_is_read_again(of_scheme, folder, serve, tmp_path):
    s3 = of_scheme("s3")
    file = tmp_path / "credentials.json"

    def write(key, secret):
        file.write_text(json.dumps({"s3": {
            "": {"key_id": "no", "secret_key": "no"},
            s3.url: {"key_id": "neither", "secret_key": "no"},
            f"{s3.url}/{folder}": {"key_id": key, "secret_key": secret, "region": "eu-west-1"}}}))

    key, secret = s3.make_second_key()
    write(key, secret)
    # The variables do not count beside the file.
    server = serve(s3, {"TRITON_CLOUD_CREDENTIAL_PATH": str(file), "AWS_ACCESS_KEY_ID": "no",
                        "AWS_SECRET_ACCESS_KEY": "no"}, "--model-control-mode=explicit")
    assert load(server, "m").status_code == 200
    s3.drop_key(key)
    write(s3.key, s3.secret)
    assert load(server, "m").status_code == 200
    assert index(server) == {"m:1": "READY"}


# --- Google -----------------------------------------------------------------------------------------------------------

def google_file(tmp_path, **members):
    path = tmp_path / "google.json"
    path.write_text(json.dumps(members))
    return str(path)


TOKEN = json.dumps({"access_token": "a token", "expires_in": 3600, "token_type": "Bearer"})


def test_google_service_account(of_scheme, serve, token_service, tmp_path):
    gs = of_scheme("gs")
    service = token_service({"/token": TOKEN})
    subprocess.run(["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out",
                    tmp_path / "key.pem"], check=True, capture_output=True)
    subprocess.run(["openssl", "pkey", "-in", tmp_path / "key.pem", "-pubout", "-out", tmp_path / "public.pem"], check=True)
    serve(gs, {**gs.environment, "GOOGLE_APPLICATION_CREDENTIALS": google_file(
        tmp_path, type="service_account", client_email="a@b", private_key_id="k", token_uri=f"{service.url}/token",
        private_key=(tmp_path / "key.pem").read_text())})
    fields = urllib.parse.parse_qs(service.asked[0][3])
    assert fields["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
    head, claims, signature = fields["assertion"][0].split(".")

    def decoded(text):
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))

    assert json.loads(decoded(head)) == {"alg": "RS256", "typ": "JWT", "kid": "k"}
    claims_json = json.loads(decoded(claims))
    assert (claims_json["iss"], claims_json["aud"]) == ("a@b", f"{service.url}/token")
    assert claims_json["exp"] - claims_json["iat"] == 3600 and abs(claims_json["iat"] - time.time()) < 600
    (tmp_path / "signed").write_text(f"{head}.{claims}")
    (tmp_path / "signature").write_bytes(decoded(signature))
    subprocess.run(["openssl", "dgst", "-sha256", "-verify", tmp_path / "public.pem", "-signature", tmp_path / "signature",
                    tmp_path / "signed"], check=True, capture_output=True)
    assert "Bearer a token" in authorizations(gs)
    assert len(service.asked) == 1  # it is kept


def test_google_user_and_machine(of_scheme, serve, token_service, tmp_path):
    gs = of_scheme("gs")
    service = token_service({"/computeMetadata": TOKEN, "/token": TOKEN.replace("a token", "a user's")})
    server = serve(gs, {**gs.environment, "GOOGLE_APPLICATION_CREDENTIALS": google_file(
        tmp_path, type="authorized_user", client_id="c", client_secret="s", refresh_token="r",
        token_uri=f"{service.url}/token")})
    assert urllib.parse.parse_qs(service.asked[0][3])["refresh_token"] == ["r"]
    assert "Bearer a user's" in authorizations(gs)
    server.stop()
    gs.proxy.requests.clear()
    serve(gs, {**gs.environment, "GCE_METADATA_HOST": f"127.0.0.1:{service.port}"})
    assert service.asked[-1][2]["Metadata-Flavor"] == "Google"
    assert authorizations(gs) == {"Bearer a token"}


# --- Azure ------------------------------------------------------------------------------------------------------------

@pytest.fixture
def azure_without_keys(of_scheme, token_service):
    """Azurite takes tokens over TLS only; so one that answers for it looks at them."""
    return token_service({"/oauth2/": TOKEN, "comp=list": "<EnumerationResults><Blobs/></EnumerationResults>"})


@pytest.mark.parametrize("environment", [
    {"AZURE_STORAGE_AUTH_TYPE": "managed_identity", "AZURE_STORAGE_CLIENT_ID": "client"},
    {"AZURE_STORAGE_AUTH_TYPE": "default"},
    {"AZURE_STORAGE_AUTH_TYPE": "default", "AZURE_TENANT_ID": "tenant", "AZURE_CLIENT_ID": "c", "AZURE_CLIENT_SECRET": "s"},
])
def test_azure_tokens(azure_without_keys, temporary, start_server, environment):
    service = azure_without_keys
    start_server(f"as://account/{BUCKET}", "--model-control-mode=explicit", env={
        **environment, "TMPDIR": str(temporary), "AZURE_POD_IDENTITY_AUTHORITY_HOST": service.url,
        "AZURE_AUTHORITY_HOST": service.url,
        "AZURE_STORAGE_CONNECTION_STRING": f"BlobEndpoint={service.url}/account"})
    asked = service.asked[0]
    if "AZURE_TENANT_ID" in environment:
        assert asked[1] == "/tenant/oauth2/v2.0/token"
        assert urllib.parse.parse_qs(asked[3])["client_secret"] == ["s"]
    else:
        assert asked[1].startswith("/metadata/identity/oauth2/token?")
        assert asked[2]["Metadata"] == "true"
        assert ("client_id=client" in asked[1]) == ("AZURE_STORAGE_CLIENT_ID" in environment)
    listings = [request for request in service.asked if "comp=list" in request[1]]
    assert listings and all(request[2]["Authorization"] == "Bearer a token" for request in listings)
