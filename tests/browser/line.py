"""The line between a phone and the web program, at an address of its own: it can be cut, held up or taken over."""

from __future__ import annotations

import http.client
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import urlsplit

from tests.browser.serving import House

State = Literal["good", "cut", "held", "broken", "portal", "half", "deaf"]
HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}
PORTAL = b"<!doctype html><title>Free Wi-Fi</title><h1>Welcome to our free Wi-Fi</h1>"


class Line(ThreadingHTTPServer):
    """``good``: as if it were not there. ``cut``: nobody answers. ``held``: answers come once it is good again.
    ``broken``: the proxy in front of the program answers 502. ``portal``: somebody else answers 200 to everything.
    ``half``: of an upload only the first half arrives; ``halves`` counts them. ``deaf``: everything arrives, and no
    answer comes back; ``lost`` are the calls that were answered in vain, such as ``PATCH /visits/1``.

    Whatever the state, a path that ends as ``missing`` says is answered 500; ``missed`` counts how often."""

    daemon_threads = True

    def __init__(self, house: House) -> None:
        super().__init__(("127.0.0.1", 0), _Call)
        self.target = urlsplit(house.base).netloc
        self.house = House(house.data, f"http://127.0.0.1:{self.server_address[1]}")
        self.halves = 0
        self.lost: list[str] = []
        self.missing = ""
        self.missed = 0
        self._state: State = "good"
        self._moved = threading.Condition()

    @property
    def state(self) -> State:
        return self._state

    @state.setter
    def state(self, state: State) -> None:
        with self._moved:
            self._state = state
            self._moved.notify_all()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A phone that hangs up is nothing to tell of."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)

    def wait(self) -> None:
        """Until the line holds nothing up."""
        with self._moved:
            self._moved.wait_for(lambda: self._state != "held", 60)


@contextmanager
def line_to(house: House) -> Iterator[Line]:
    """A good line to the house, until the block ends."""
    line = Line(house)
    thread = threading.Thread(target=line.serve_forever, daemon=True)
    thread.start()
    try:
        yield line
    finally:
        line.state = "cut"
        line.shutdown()
        line.server_close()


class _Call(BaseHTTPRequestHandler):
    server: Line

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.wait()
        self.close_connection = True
        if self.server.state == "cut":
            return
        if self.server.missing and self.path.endswith(self.server.missing):
            self.server.missed += 1
            self._answer(500, [("Content-Type", "text/plain")], b"")
            return
        if self.server.state == "half" and self.command == "PUT":
            self._send_half(body)
            return
        if self.server.state in {"broken", "portal"}:
            self._answer(502 if self.server.state == "broken" else 200, [("Content-Type", "text/html")], PORTAL)
            return
        there = http.client.HTTPConnection(self.server.target, timeout=60)
        there.request(self.command, self.path, body, dict(self.headers.items()))
        reply = there.getresponse()
        status, headers, told = reply.status, reply.getheaders(), reply.read()
        there.close()
        if self.server.state == "deaf":
            self.server.lost.append(f"{self.command} {self.path}")
            return
        self._answer(status, headers, told)

    def _send_half(self, body: bytes) -> None:
        there = http.client.HTTPConnection(self.server.target, timeout=60)
        there.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            there.putheader(name, value)
        there.endheaders(body[: len(body) // 2])
        there.close()
        self.server.halves += 1

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _pass_on  # noqa: N815  the names that the library looks for

    def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_words: object) -> None:
        """The web program keeps a log of its own."""
