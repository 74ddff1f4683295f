"""A Hub on two ports of this machine: the API and small files on one, the store of large files on the
other. What goes wrong is up to the test."""
import hashlib
import http.server
import json
import threading
import time
import urllib.parse

COMMIT = "0123456789abcdef0123456789abcdef01234567"
TOKEN = "hf_secretsecret"


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        hub = self.server.hub
        with hub.lock:
            hub.requests.append((self.server is hub.store, self.command, self.path,
                                 dict(self.headers.items())))
            fault = hub.fault(self.server is hub.store, self.command, self.path) if hub.fault else None
        if fault == "drop":
            self.close_connection = True
            return
        if isinstance(fault, tuple):  # status, headers, body
            return self.answer(*fault)
        if self.server is hub.store:
            path = hub.by_etag.get(urllib.parse.urlsplit(self.path).path[1:])
            if path is None or "signature=secret" not in self.path:
                return self.answer(403, {}, b"")
            return self.content(path, {}, fault)
        if self.headers.get("Authorization") != f"Bearer {TOKEN}" and hub.wants_token:
            return self.answer(401, {}, b"")
        api, resolve = f"/api/models/{hub.name}/revision/", f"/{hub.name}/resolve/{COMMIT}/"
        if self.path in (api + "main", api + COMMIT):
            return self.answer(200, {}, json.dumps({
                "sha": COMMIT, "siblings": [{"rfilename": path} for path in hub.files]}).encode())
        path = urllib.parse.unquote(self.path[len(resolve):])
        if not self.path.startswith(resolve) or path not in hub.files:
            return self.answer(404, {}, b"")
        data, etag, is_large = hub.files[path]
        headers = {"X-Repo-Commit": COMMIT}
        if is_large:
            headers.update({"X-Linked-Etag": f'"{etag}"', "X-Linked-Size": str(len(data)),
                            "Location": f"{hub.url(hub.store)}/{etag}?signature=secret"})
            return self.answer(302, headers, b"moved")
        return self.content(path, {**headers, "ETag": f'"{etag}"'}, fault)

    def content(self, path, headers, fault):
        hub = self.server.hub
        data = hub.files[path][0]
        status, seconds = 200, 0
        if "Range" in self.headers:
            first, last = map(int, self.headers["Range"][len("bytes="):].split("-"))
            last = min(last, len(data) - 1)
            headers = {**headers, "Content-Range": f"bytes {first}-{last}/{len(data)}"}
            data, status = data[first:last + 1], 206
            seconds = hub.seconds_later if first >= 8 << 20 else 0
        self.answer(status, headers, data, cut=fault == "cut", seconds=seconds)

    def answer(self, status, headers, body, cut=False, seconds=0):
        hub = self.server.hub
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        if cut:
            body = body[:len(body) // 2]
            self.close_connection = True
        time.sleep(seconds)
        for begin in range(0, len(body), 1 << 18):
            piece = body[begin:begin + (1 << 18)]
            with hub.lock:
                hub.bytes_sent += len(piece)
            if hub.bytes_per_second:
                time.sleep(len(piece) / hub.bytes_per_second)
            try:
                self.wfile.write(piece)
            except OSError:  # the other side was killed
                self.close_connection = True
                return


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_):
        pass


class FakeHub:
    """Serves the files of `folder` as repository `name`; files of 100 kB and more are large."""

    def __init__(self, folder, name="org/model"):
        self.name, self.fault, self.wants_token, self.bytes_per_second = name, None, False, 0
        self.seconds_later = 0  # before ranges that begin at 8 MiB or later
        self.requests, self.bytes_sent, self.lock = [], 0, threading.Lock()
        self.files, self.by_etag = {}, {}
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            data = path.read_bytes()
            is_large = len(data) >= 100_000
            etag = hashlib.sha256(data).hexdigest() if is_large else hashlib.sha1(data).hexdigest()
            self.files[str(path.relative_to(folder))] = (data, etag, is_large)
            self.by_etag[etag] = str(path.relative_to(folder))
        self.api, self.store = (_Server(("127.0.0.1", 0), _Handler) for _ in range(2))
        for server in (self.api, self.store):
            server.hub = self
            threading.Thread(target=server.serve_forever, daemon=True).start()

    @staticmethod
    def url(server):
        return f"http://127.0.0.1:{server.server_address[1]}"

    def environment(self, home):
        """What tells hlwq where this Hub is."""
        return {"HF_ENDPOINT": self.url(self.api), "HF_HOME": str(home), "HF_TOKEN": TOKEN,
                "HF_HUB_CACHE": "", "HF_HUB_OFFLINE": "", "no_proxy": "127.0.0.1",
                "http_proxy": ""}

    def close(self):
        for server in (self.api, self.store):
            server.shutdown()
            server.server_close()
