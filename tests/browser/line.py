"""The line between a phone and the web program, at an address of its own: it can be cut, held up or taken over."""

from __future__ import annotations

import http.client
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import urlsplit

from tests.browser.serving import House

State = Literal["good", "cut", "held", "broken", "portal", "half", "deaf", "late"]
HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}
PORTAL = b"<!doctype html><title>Free Wi-Fi</title><h1>Welcome to our free Wi-Fi</h1>"


@dataclass(frozen=True)
class Call:
    """A phone's call, as it came to the line."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Line(ThreadingHTTPServer):
    """``good``: as if it were not there. ``cut``: nobody answers. ``held``: answers come once it is good again.
    ``broken``: the proxy in front of the program answers 502. ``portal``: somebody else answers 200 to everything.
    ``half``: of an upload only the first half arrives, and the phone hears nothing until the line changes; ``halves``
    counts them. ``deaf``: everything arrives, and no answer comes back; ``lost`` are the calls that were answered in
    vain, such as ``PATCH /visits/1``. ``late``: what would change something is lost for the phone, and arrives when
    the test lets it; ``late`` are these calls. ``waiting`` are the calls that are being held up.

    Whatever the state, a path that ends as ``missing`` says is answered 500; ``missed`` counts how often."""

    daemon_threads = True

    def __init__(self, house: House) -> None:
        super().__init__(("127.0.0.1", 0), _Call)
        self.target = urlsplit(house.base).netloc
        self.house = House(house.data, f"http://127.0.0.1:{self.server_address[1]}")
        self.halves = 0
        self.lost: list[str] = []
        self.late: list[Call] = []
        self.waiting: list[str] = []
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

    def wait(self, state: State, call: str) -> None:
        """For as long as the line is in this state."""
        with self._moved:
            self.waiting.append(call)
            self._moved.wait_for(lambda: self._state != state, 60)
            self.waiting.remove(call)

    def deliver(self, call: Call) -> tuple[int, list[tuple[str, str]], bytes]:
        """To the web program, whatever the state; its answer."""
        there = http.client.HTTPConnection(self.target, timeout=60)
        there.request(call.method, call.path, call.body, call.headers)
        reply = there.getresponse()
        answered = reply.status, reply.getheaders(), reply.read()
        there.close()
        return answered


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
        line, name, length = self.server, f"{self.command} {self.path}", int(self.headers.get("Content-Length") or 0)
        self.close_connection = True
        if line.state == "half" and self.command == "PUT":
            self._send_half(name, length)
            return
        call = Call(self.command, self.path, dict(self.headers.items()), self.rfile.read(length))
        line.wait("held", name)
        if line.state == "cut":
            return
        if line.missing and self.path.endswith(line.missing):
            line.missed += 1
            self._answer(500, [("Content-Type", "text/plain")], b"")
            return
        if line.state == "late" and self.command != "GET":
            line.late.append(call)
            return
        if line.state in {"broken", "portal"}:
            self._answer(502 if line.state == "broken" else 200, [("Content-Type", "text/html")], PORTAL)
            return
        answered = line.deliver(call)
        if line.state == "deaf":
            line.lost.append(name)
            return
        self._answer(*answered)

    def _send_half(self, name: str, length: int) -> None:
        there = http.client.HTTPConnection(self.server.target, timeout=60)
        there.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for header, value in self.headers.items():
            there.putheader(header, value)
        there.endheaders(self.rfile.read(length // 2))
        self.server.halves += 1
        self.server.wait("half", name)
        there.close()

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
