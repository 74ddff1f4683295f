"""A proxy that keeps what a program and a server tell each other, and may change requests on their way."""
from __future__ import annotations

import dataclasses
import http.client
import http.server
import json
import threading


@dataclasses.dataclass
class Exchange:
    method: str
    path: str
    headers: dict
    sent: bytes                # as the program sent it
    forwarded: bytes = b""     # as the server got it
    status: int = 0            # 0: no answer
    answer: bytes = b""
    is_whole: bool = False     # the program took all of the answer

    def body(self) -> dict:
        return json.loads(self.sent)

    def events(self) -> list[dict]:
        return [json.loads(line[6:]) for line in self.answer.decode().split("\n") if line.startswith("data: {")]


class Proxy:
    """Listens on a free port. `rewrite` gets the path and the body of each POST, and returns the body to send on."""

    def __init__(self, target: str, rewrite=lambda path, body: body):
        self.exchanges: list[Exchange] = []
        self.rewrite = rewrite
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def answer(self):
                sent = self.rfile.read(int(self.headers.get("content-length") or 0))
                exchange = Exchange(self.command, self.path, dict(self.headers.items()), sent, sent)
                if self.command == "POST":
                    exchange.forwarded = json.dumps(proxy.rewrite(self.path, json.loads(sent))).encode()
                proxy.exchanges.append(exchange)
                server = http.client.HTTPConnection(target.removeprefix("http://"), timeout=600)
                headers = {name: value for name, value in self.headers.items()
                           if name.lower() not in ("host", "content-length", "accept-encoding", "connection")}
                self.close_connection = True
                try:
                    server.request(self.command, self.path, exchange.forwarded or None, headers)
                    self.pass_on(server.getresponse(), exchange)
                except OSError:  # the program has gone
                    pass
                finally:
                    server.close()

            def pass_on(self, response, exchange):
                exchange.status = response.status
                self.send_response(response.status)
                for name, value in response.getheaders():
                    if name.lower() not in ("transfer-encoding", "connection", "keep-alive"):
                        self.send_header(name, value)
                self.send_header("connection", "close")
                self.end_headers()
                while piece := response.read1(65536):
                    exchange.answer += piece
                    self.wfile.write(piece)
                    self.wfile.flush()
                exchange.is_whole = True

            do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_OPTIONS = answer

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
