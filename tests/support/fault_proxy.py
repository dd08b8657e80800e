"""A proxy before a store that does to chosen answers what networks and stores do.

    proxy = FaultProxy(store.port).start()
    proxy.fail("cut", "model.bin", times=2)      # the next two answers about it
"""
import http.client
import http.server
import ssl
import threading
import time

from .server import PATIENCE, free_port

_HOP_BY_HOP = {"connection", "transfer-encoding", "keep-alive"}


class FaultProxy:
    """Faults: "503", "later" (the same, to be asked again after half a minute), "403", "cut" (half of the body, then the
    connection ends), "short" (half of the body, as if it were all), "flip" (a byte is another), "slow" (in small pieces),
    "hang" (nothing more comes), "silent" (nothing comes at all), "garbage" (a page that is no answer of the store's); or a
    function, which is called before the request goes on its way.

    `pair`: speaks TLS with this key and certificate. `rewrite`: makes another (path, headers) of those of a request."""

    def __init__(self, upstream_port, pair=None):
        self.upstream_port = upstream_port
        self.pair = pair
        self.scheme = "https" if pair else "http"
        self.rewrite = None
        self.port = free_port()
        self.requests = []  # (method, path, headers)
        self._faults = []  # [fault, part of the path, times left]
        self._lock = threading.Lock()
        self._ended = threading.Event()

    def start(self):
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                proxy._serve(self)

            do_PUT = do_POST = do_HEAD = do_DELETE = do_GET

            def log_message(self, *args):
                pass

        class Listener(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, address):  # clients go away; that is what tests are about
                pass

        self._server = Listener(("127.0.0.1", self.port), Handler)
        if self.pair:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.pair.certificate, self.pair.key)
            # Hands are shaken on the connection's own thread, with the first read.
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def stop(self):
        self._ended.set()
        self._server.shutdown()
        self._server.server_close()

    def fail(self, fault, part_of_path, times=1):
        with self._lock:
            self._faults.append([fault, part_of_path, times])

    def faults_left(self):
        with self._lock:
            return sum(left for _, _, left in self._faults)

    def paths(self, part=""):
        return [path for _, path, _ in self.requests if part in path]

    def _fault_for(self, path):
        with self._lock:
            for entry in self._faults:
                if entry[1] in path and entry[2] > 0:
                    entry[2] -= 1
                    return entry[0]
        return None

    def _serve(self, handler):
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        self.requests.append((handler.command, handler.path, dict(handler.headers)))
        fault = self._fault_for(handler.path)
        if fault in ("503", "later"):
            headers = [("Content-Type", "text/plain"), *([("Retry-After", "30")] if fault == "later" else [])]
            return self._answer(handler, 503, headers, b"<Error><Code>SlowDown</Code></Error>")
        if fault == "403":
            return self._answer(handler, 403, [("Content-Type", "text/plain")], b"<Error><Code>AccessDenied</Code></Error>")
        if fault == "garbage":
            return self._answer(handler, 200, [("Content-Type", "text/html")], b"<html><p>Please log in</html>")
        if fault == "silent":
            self._ended.wait(60 * PATIENCE)
            handler.close_connection = True
            return None
        if callable(fault):
            fault()
        upstream = http.client.HTTPConnection("127.0.0.1", self.upstream_port, timeout=30 * PATIENCE)
        path, headers = handler.path, dict(handler.headers)
        if self.rewrite:
            path, headers = self.rewrite(path, headers)
        upstream.request(handler.command, path, body or None, headers)
        response = upstream.getresponse()
        content = response.read()
        headers = [(name, value) for name, value in response.getheaders()
                   if name.lower() not in _HOP_BY_HOP | {"content-length"}]
        upstream.close()
        self._answer(handler, response.status, headers, content, fault)

    def _answer(self, handler, status, headers, content, fault=None):
        length = len(content)
        if fault in ("cut", "short"):
            content = content[:length // 2]
        if fault == "short":
            length = len(content)
        if fault == "flip" and content:
            middle = len(content) // 2
            content = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1:]
        handler.send_response(status)
        for name, value in headers:
            if name.lower() not in ("date", "server"):
                handler.send_header(name, value)
        handler.send_header("Content-Length", str(length))
        handler.end_headers()
        if handler.command == "HEAD":
            return
        if fault == "hang":
            handler.wfile.write(content[:length // 2])
            handler.wfile.flush()
            self._ended.wait(60 * PATIENCE)
            handler.close_connection = True
            return
        if fault == "slow":
            for at in range(0, len(content), max(1, len(content) // 10)):
                handler.wfile.write(content[at:at + max(1, len(content) // 10)])
                handler.wfile.flush()
                time.sleep(0.05)
            return
        handler.wfile.write(content)
        if fault == "cut":
            handler.close_connection = True
