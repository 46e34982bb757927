"""Answers of the API."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any

from . import _calls
from ._errors import HTTPError
from ._native import call, call_for_text, ffi, lib, text

CHUNK = 65536


class Headers(Mapping[str, str]):
    """Header lines; a name in any case. Lines of one name are joined by a comma, get_all has each."""

    def __init__(self, lines: list[tuple[str, str]]) -> None:
        self.lines = lines

    def get_all(self, name: str) -> list[str]:
        return [value for line, value in self.lines if line.lower() == name.lower()]

    def __getitem__(self, name: str) -> str:
        values = self.get_all(name)
        if not values:
            raise KeyError(name)
        return ", ".join(values)

    def __iter__(self) -> Iterator[str]:
        return iter({name.lower(): name for name, _ in reversed(self.lines)}.values())

    def __len__(self) -> int:
        return len({name.lower() for name, _ in self.lines})

    def __repr__(self) -> str:
        return f"Headers({self.lines!r})"


def _headers(handle: Any) -> Headers:
    lines: list[tuple[str, str]] = []
    name, value = ffi.new("const char **"), ffi.new("const char **")
    while lib.bearer_response_header_at(handle, len(lines), name, value):
        # A header's bytes that are not UTF-8 are Latin-1, as HTTP once had it.
        lines.append((ffi.string(name[0]).decode("latin-1"), _value(ffi.string(value[0]))))
    return Headers(lines)


def _value(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


class Answer:
    """What every answer has, however its body is read."""

    def __init__(self, handle: Any) -> None:
        self._handle = handle
        self._content: bytes | None = None
        self.status_code: int = lib.bearer_response_status(handle)
        self.url: str = text(lib.bearer_response_url(handle)) or ""
        self.headers = _headers(handle)
        asked = call_for_text(lib.bearer_response_challenge, handle) if self.status_code in (401, 403) else None
        self.challenge: dict[str, Any] | None = None if asked is None else json.loads(asked)
        """What the API asks for in WWW-Authenticate, of a 401 and a 403."""

    @property
    def status(self) -> int:
        return self.status_code

    @property
    def ok(self) -> bool:
        return self.status_code < 400

    @property
    def encoding(self) -> str:
        found = re.search(r'charset="?([\w.:-]+)', self.headers.get("content-type", ""), re.I)
        return found[1] if found else "utf-8"

    def raise_for_status(self) -> None:
        if not self.ok:
            raise HTTPError(self.status_code, self.url, self)

    def close(self) -> None:
        """Lets the answer go; a body that was not read to its end closes its connection."""
        handle, self._handle = self._handle, None
        if handle is not None:
            ffi.release(handle)

    def _read_all(self) -> bytes:
        if self._content is None:
            out, length = ffi.new("const uint8_t **"), ffi.new("size_t *")
            call(lib.bearer_response_body, self._open(), out, length)
            self._content = ffi.buffer(out[0], length[0])[:]
            self.close()
        return self._content

    def _read(self, buffer: Any) -> bytes:
        """The next bytes; none at the end."""
        count = ffi.new("size_t *")
        call(lib.bearer_response_read, self._open(), buffer, len(buffer), count)
        if count[0] == 0:
            self.close()
        return bytes(ffi.buffer(buffer, count[0]))

    def _open(self) -> Any:
        if self._handle is None:
            raise RuntimeError("the body of this answer has been read, or was let go")
        return self._handle

    def __repr__(self) -> str:
        return f"<Response [{self.status_code}]>"


class Response(Answer):
    """An answer; with stream=True its body is read when it is asked for."""

    @property
    def content(self) -> bytes:
        return self._content if self._content is not None else _calls.run(_calls.Call(), self._read_all)

    @property
    def text(self) -> str:
        return self.content.decode(self.encoding, "replace")

    def json(self) -> Any:
        return json.loads(self.content)

    def iter_content(self, chunk_size: int = CHUNK) -> Iterator[bytes]:
        """The body in pieces of at most so many bytes."""
        if self._content is not None:
            for start in range(0, len(self._content), chunk_size):
                yield self._content[start : start + chunk_size]
            return
        buffer = ffi.new("char[]", chunk_size)
        while piece := _calls.run(_calls.Call(), lambda: self._read(buffer)):
            yield piece

    def __enter__(self) -> Response:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()
