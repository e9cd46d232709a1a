"""A web server for tests: files of a folder, with ranges, that can break off or refuse."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Behaviour:
    """What the server does and what it was asked; tests set and read it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.break_after: int | None = None  # bytes of each answer
        self.ranges = True
        self.status: int | None = None
        self.asked: list[tuple[str, str | None]] = []


@contextmanager
def serving(folder: Path) -> Iterator[tuple[str, Behaviour]]:
    """The server's address and its behaviour."""
    behaviour = Behaviour(folder)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers.get("Range")
            behaviour.asked.append((self.path, wanted))
            path = folder / self.path.lstrip("/")
            if behaviour.status or not path.is_file():
                self.send_error(behaviour.status or 404)
                return
            data = path.read_bytes()
            tag = f'"{hash(data)}"'
            start = 0
            same = self.headers.get("If-Range") in (None, tag)
            if wanted and behaviour.ranges and same:
                start = int(re.fullmatch(r"bytes=(\d+)-", wanted)[1])
                if start >= len(data):
                    self.send_response(416)
                    self.send_header("Content-Range", f"bytes */{len(data)}")
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
            else:
                self.send_response(200)
            self.send_header("ETag", tag)
            self.send_header("Content-Length", str(len(data) - start))
            self.end_headers()
            end = len(data) if behaviour.break_after is None else start + behaviour.break_after
            self.wfile.write(data[start:end])

        def log_message(self, *arguments) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", behaviour
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
