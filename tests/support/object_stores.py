"""Object stores on loopback for tests: moto for S3, fake-gcs-server for Google's, Azurite for Azure's.

A store keeps everything in memory. `url` is what a repository's path begins with; `environment` is what a server needs to
reach it.
"""
import base64
import contextlib
import copy
import email.utils
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import re
import subprocess
import tempfile
import urllib.parse

import pytest

from .fault_proxy import FaultProxy
from .server import PATIENCE, ROOT, free_port
from .wait import wait_for_port

DEPS = ROOT / ".deps"
BUCKET = "models-of-tests"


class _Store:
    """`proxy`: what servers reach the store through."""

    program = None  # pathlib.Path
    page_size_name = None  # of a query's parameter

    def __init__(self):
        self.port = free_port()
        self.folder = tempfile.TemporaryDirectory(prefix="neso-store-")
        self.process = None
        self.proxy = None

    @classmethod
    def is_there(cls):
        return cls.program.exists()

    def start(self):
        log = open(pathlib.Path(self.folder.name) / "log", "w")  # noqa: SIM115, it is the process's
        self.process = subprocess.Popen(self.command(), stdout=log, stderr=subprocess.STDOUT,
                                        env={**os.environ, **self.own_environment()}, cwd=self.folder.name)
        wait_for_port(self.port)
        self.make_bucket()
        self.proxy = FaultProxy(self.port).start()
        return self

    def stop(self):
        if self.proxy is not None:
            self.proxy.stop()
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        self.folder.cleanup()

    def own_environment(self):
        return {}

    def behind(self, proxy):
        """The same store as servers reach it through another proxy."""
        other = copy.copy(self)
        other.proxy = proxy
        return other

    @property
    def address(self):
        return f"{self.proxy.scheme}://127.0.0.1:{self.proxy.port}"

    @contextlib.contextmanager
    def pages_of(self, size):
        """Its listings come in pages of so many entries, whatever they are asked for."""
        def rewrite(path, headers):
            smaller = re.sub(rf"\b{self.page_size_name}=\d+", f"{self.page_size_name}={size}", path)
            return smaller, headers if smaller == path else self.signed_anew(smaller, headers)
        self.proxy.rewrite = rewrite
        try:
            yield
        finally:
            self.proxy.rewrite = None

    def signed_anew(self, path, headers):
        return headers

    def request(self, method, path, body=b"", headers=None, expect=(200, 201, 202, 204)):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30 * PATIENCE)
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        text = response.read()
        connection.close()
        assert response.status in expect, (method, path, response.status, text[:500])
        return text

    def upload(self, folder, prefix):
        """All files of a local folder; an empty folder is an object whose name ends with a slash."""
        folder = pathlib.Path(folder)
        for path in sorted(folder.rglob("*")):
            name = f"{prefix}/{path.relative_to(folder)}" if prefix else str(path.relative_to(folder))
            if path.is_file():
                self.put(name, path.read_bytes())
            elif not any(path.iterdir()):
                self.put(name + "/", b"")


class S3(_Store):
    program = DEPS / "moto/bin/moto_server"
    scheme = "s3"
    page_size_name = "max-keys"
    secret_variable = "AWS_SECRET_ACCESS_KEY"

    def command(self):
        return [str(self.program), "-H", "127.0.0.1", "-p", str(self.port)]

    def own_environment(self):
        return {"INITIAL_NO_AUTH_ACTION_COUNT": "1000000000"}

    def make_bucket(self):
        self.request("PUT", f"/{BUCKET}")
        self._iam(Action="CreateUser", UserName="reader")
        policy = json.dumps({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": ["s3:Get*", "s3:List*"], "Resource": "*"}]})
        self._iam(Action="PutUserPolicy", UserName="reader", PolicyName="read", PolicyDocument=policy)
        self.key, self.secret = self.make_key()

    def make_key(self):
        text = self._iam(Action="CreateAccessKey", UserName="reader").decode()
        return tuple(re.search(f"<{name}>(.*?)</{name}>", text).group(1) for name in ("AccessKeyId", "SecretAccessKey"))

    def make_second_key(self):
        self.open_to_all()
        pair = self.make_key()
        self._check_signatures()
        return pair

    def drop_key(self, key):
        self.open_to_all()
        self._iam(Action="DeleteAccessKey", UserName="reader", AccessKeyId=key)
        self._check_signatures()

    def _iam(self, **fields):
        scope = "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=x"
        body = urllib.parse.urlencode({"Version": "2010-05-08", **fields}).encode()
        return self.request("POST", "/", body, {"Authorization": scope,
                                                "Content-Type": "application/x-www-form-urlencoded"})

    # Signatures are checked while the tests themselves, which sign nothing, ask for nothing.
    def open_to_all(self):
        self.request("POST", "/moto-api/reset-auth", b"1000000000")

    def _check_signatures(self):
        self.request("POST", "/moto-api/reset-auth", b"0")

    @contextlib.contextmanager
    def pages_of(self, size):
        self.open_to_all()  # what is changed on its way has no right signature
        with super().pages_of(size):
            yield
        self._check_signatures()

    def put(self, name, content):
        self.open_to_all()
        self._write("PUT", name, content)
        self._check_signatures()

    def delete(self, name):
        self.open_to_all()
        self._write("DELETE", name)
        self._check_signatures()

    def _write(self, method, name, content=b""):
        # It lets nobody overwrite an object without a word of who it is, true or not.
        scope = "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=x"
        self.request(method, f"/{BUCKET}/{urllib.parse.quote(name)}", content, {"Authorization": scope})

    @property
    def url(self):
        return f"s3://{self.address if self.proxy.scheme == 'https' else f'127.0.0.1:{self.proxy.port}'}/{BUCKET}"

    @property
    def environment(self):
        return {"AWS_ACCESS_KEY_ID": self.key, "AWS_SECRET_ACCESS_KEY": self.secret, "AWS_DEFAULT_REGION": "us-east-1",
                "AWS_EC2_METADATA_DISABLED": "true", "AWS_CA_BUNDLE": ""}

    @property
    def wrong_environment(self):
        return {**self.environment, "AWS_SECRET_ACCESS_KEY": "wrong"}

    @property
    def advice(self):
        return f"was asked with the key {self.key} from AWS_ACCESS_KEY_ID, in region"

    def read_path(self, name):
        """A part of the path with which an object's content is asked for."""
        return f"/{BUCKET}/{urllib.parse.quote(name)}"

    list_path = f"/{BUCKET}/?"


class Google(_Store):
    program = DEPS / "fakegcs/bin/fake-gcs-server"
    scheme = "gs"
    page_size_name = "maxResults"

    def command(self):
        return [str(self.program), "-scheme", "http", "-host", "127.0.0.1", "-port", str(self.port), "-backend", "memory",
                "-log-level", "error"]

    def make_bucket(self):
        self.request("POST", "/storage/v1/b", json.dumps({"name": BUCKET}).encode())

    def put(self, name, content):
        self.request("POST", f"/upload/storage/v1/b/{BUCKET}/o?uploadType=media&name={urllib.parse.quote(name, safe='')}",
                     content, {"Content-Type": "application/octet-stream"})

    def delete(self, name):
        self.request("DELETE", f"/storage/v1/b/{BUCKET}/o/{urllib.parse.quote(name, safe='')}")

    @property
    def url(self):
        return f"gs://{BUCKET}"

    @property
    def environment(self):
        return {"STORAGE_EMULATOR_HOST": self.address if self.proxy.scheme == "https" else f"127.0.0.1:{self.proxy.port}"}

    wrong_environment = None  # it lets everybody in

    def read_path(self, name):
        return f"/o/{urllib.parse.quote(name, safe='')}?alt=media"

    list_path = f"/b/{BUCKET}/o?"


class Azure(_Store):
    program = DEPS / "azurite/bin/azurite-blob"
    scheme = "as"
    page_size_name = "maxresults"
    # The account of every Azurite; its documentation has the key.
    account = "devstoreaccount1"
    key = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="

    def command(self):
        return [str(self.program), "--blobHost", "127.0.0.1", "--blobPort", str(self.port), "--inMemoryPersistence",
                "--silent", "--disableTelemetry"]

    def make_bucket(self):
        self._signed("PUT", f"/{BUCKET}", query={"restype": "container"})

    def put(self, name, content):
        self._signed("PUT", f"/{BUCKET}/{urllib.parse.quote(name)}", content, {"x-ms-blob-type": "BlockBlob"})

    def delete(self, name):
        self._signed("DELETE", f"/{BUCKET}/{urllib.parse.quote(name)}")

    def _signed(self, method, path, body=b"", headers=None, query=None):
        """Shared Key, as Azure's documentation describes it."""
        headers = {"x-ms-date": email.utils.formatdate(usegmt=True), "x-ms-version": "2021-08-06", **(headers or {})}
        path = f"/{self.account}{path}"
        headers["Authorization"] = self._signature(method, path, body, headers, query or {})
        if query:
            path += "?" + urllib.parse.urlencode(query)
        return self.request(method, path, body, headers)

    def _signature(self, method, path, body, headers, query):
        ours = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers) if name.startswith("x-ms-"))
        resource = f"/{self.account}{path}" + "".join(f"\n{name}:{value}" for name, value in sorted(query.items()))
        length = str(len(body)) if body else ""
        text = f"{method}\n\n\n{length}\n\n\n\n\n\n\n\n\n{ours}{resource}"
        digest = hmac.new(base64.b64decode(self.key), text.encode(), hashlib.sha256).digest()
        return f"SharedKey {self.account}:{base64.b64encode(digest).decode()}"

    def signed_anew(self, path, headers):
        path, _, query = path.partition("?")
        return {**headers, "Authorization": self._signature("GET", path, b"", headers, dict(urllib.parse.parse_qsl(query)))}

    @property
    def url(self):
        return f"as://{self.account}/{BUCKET}"

    def _environment(self, key):
        endpoint = f"{self.address}/{self.account}"
        return {"AZURE_STORAGE_CONNECTION_STRING": f"AccountName={self.account};AccountKey={key};BlobEndpoint={endpoint}"}

    @property
    def environment(self):
        return self._environment(self.key)

    @property
    def wrong_environment(self):
        return self._environment(base64.b64encode(b"wrong").decode())

    advice = "AZURE_STORAGE_KEY"

    def read_path(self, name):
        return f"/{BUCKET}/{urllib.parse.quote(name)}"

    list_path = "comp=list"


STORES = {"s3": S3, "gs": Google, "as": Azure}


@contextlib.contextmanager
def running(kind):
    """One of these stores, for fixtures; skips where its program is not there."""
    if not kind.is_there():
        pytest.skip(f"no {kind.program}: run scripts/setup test")
    store = kind().start()
    yield store
    store.stop()
