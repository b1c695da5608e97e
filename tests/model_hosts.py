"""A local server that answers as the Hub and as GitHub do, with files of the test's own, and fails when asked to."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

REVISION = "0123456789abcdef0123456789abcdef01234567"


class Hosts:
    """What is served, and what went over the wire."""

    def __init__(self) -> None:
        self.files: dict[tuple[str, str], bytes] = {}
        """By repository and path."""
        self.large: set[tuple[str, str]] = set()
        self.cut_after: list[int] = []
        """The next answers with content end after so many bytes of it, one each."""
        self.refuse: dict[str, int] = {}
        """Status by a part of the address."""
        self.resumes = True
        self.damaged = False
        self.login_page = False
        self.requests: list[tuple[str, str | None, str | None]] = []
        """Path, range, authorization."""
        self.address = ""

    def put(self, repository: str, path: str, content: bytes, *, large: bool = False) -> None:
        self.files[repository, path] = content
        if large:
            self.large.add((repository, path))

    def siblings(self, repository: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        for (name, path), content in self.files.items():
            if name != repository:
                continue
            row: dict[str, Any] = {"rfilename": path, "size": len(content)}
            row["blobId"] = hashlib.sha1(f"blob {len(content)}\0".encode() + content).hexdigest()
            if (name, path) in self.large:
                row["lfs"] = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content), "pointerSize": 130}
            rows.append(row)
        return rows

    def content(self, path: str) -> bytes | None:
        """What lies at an address of any of the hosts."""
        parts = path.split("/")
        if parts[1] == "media":  # GitHub's large files
            return self.files.get(("/".join(parts[2:4]), "/".join(parts[5:])))
        if parts[1] == "raw":
            key = ("/".join(parts[2:4]), "/".join(parts[5:]))
            content = self.files.get(key)
            if content is not None and key in self.large:
                digest = hashlib.sha256(content).hexdigest()
                return (
                    f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize {len(content)}\n".encode()
                )
            return content
        return self.files.get(("/".join(parts[1:3]), "/".join(parts[5:])))  # org/name/resolve/revision/path


@contextmanager
def serving() -> Iterator[Hosts]:
    """The hosts, answering on a free port for the length of the block."""
    hosts = Hosts()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(hosts))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    hosts.address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield hosts
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(hosts: Hosts) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            span = self.headers.get("Range")
            hosts.requests.append((self.path, span, self.headers.get("Authorization")))
            status = next((code for text, code in hosts.refuse.items() if text in self.path), None)
            if status is not None:
                self.send_error(status)
            elif hosts.login_page:
                self._send(b"<html>please log in</html>", 200)
            elif self.path.startswith("/api/models/"):
                repository = "/".join(self.path.split("/")[3:5])
                self._send(json.dumps({"sha": REVISION, "siblings": hosts.siblings(repository)}).encode(), 200)
            elif (content := hosts.content(self.path)) is None:
                self.send_error(404)
            else:
                self._file(content, span)

        def _file(self, content: bytes, span: str | None) -> None:
            if hosts.damaged:
                content = content[:-1] + bytes([content[-1] ^ 1])
            first = int(span.removeprefix("bytes=").rstrip("-")) if span and hosts.resumes else 0
            if first >= len(content):
                self.send_error(416)
                return
            limit = hosts.cut_after.pop(0) if hosts.cut_after else None
            self._send(content[first:], 206 if first else 200, limit)

        def _send(self, body: bytes, status: int, limit: int | None = None) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body if limit is None else body[:limit])
            if limit is not None:
                self.wfile.flush()
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler
