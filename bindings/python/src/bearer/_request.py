"""What request() takes, as the library's request."""

from __future__ import annotations

import json as json_text
from collections.abc import Iterable, Iterator, Mapping
from typing import IO, Any, TypedDict
from urllib.parse import urlencode

from ._hooks import Source, let_source_go, read_source
from ._native import call, encoded, ffi, lib

Scalar = str | int | float | bool | None
Pairs = Mapping[str, Any] | Iterable[tuple[str, Any]]


class Options(TypedDict, total=False):
    """What request() takes beside method and path."""

    headers: Mapping[str, str] | Iterable[tuple[str, str]] | None
    params: Pairs | None
    json: Any
    data: bytes | str | Pairs | IO[bytes] | Iterable[bytes] | None
    timeout: float | None
    stream: bool


def pairs(given: Pairs) -> Iterator[tuple[str, str]]:
    """Lists give their name several times; None leaves it out, as in requests."""
    for name, value in given.items() if isinstance(given, Mapping) else given:
        for one in value if isinstance(value, (list, tuple)) else [value]:
            if one is not None:
                yield str(name), str(one)


def _of_iterable(pieces: Iterator[bytes]) -> Source:
    def read(_: int) -> bytes:
        # An empty piece would be the end.
        return next((piece for piece in pieces if piece), b"")

    return Source(read)


def build(method: str, path: str, options: Options) -> Any:
    """A bearer_request *, which is freed with its last reference."""
    unknown = set(options) - Options.__optional_keys__
    if unknown:
        raise TypeError(f"request() has no argument {sorted(unknown)[0]!r}")
    out = ffi.new("bearer_request **")
    call(lib.bearer_request_new, encoded(method), encoded(path), out)
    request = ffi.gc(out[0], lib.bearer_request_free)
    given = options.get("headers") or ()
    headers = list(given.items() if isinstance(given, Mapping) else given)
    for name, value in pairs(options.get("params") or ()):
        call(lib.bearer_request_add_query, request, encoded(name), encoded(value))
    content_type = _set_body(request, options)
    if content_type is not None and not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("content-type", content_type))
    for name, value in headers:
        call(lib.bearer_request_add_header, request, encoded(name), encoded(value))
    timeout = options.get("timeout")
    if timeout is not None:
        call(lib.bearer_request_set_timeout, request, max(1, round(timeout * 1000)))
    return request


def _set_body(request: Any, options: Options) -> str | None:
    """Sets the body, and says what its type is."""
    data = options.get("data")
    if "json" in options and options["json"] is not None:
        if data is not None:
            raise TypeError("request() takes json or data, not both")
        body: Any = json_text.dumps(options["json"]).encode()
        content_type = "application/json"
    elif data is None:
        return None
    elif isinstance(data, (bytes, bytearray, memoryview)):
        body, content_type = bytes(data), None
    elif isinstance(data, str):
        body, content_type = data.encode(), None
    elif isinstance(data, (Mapping, list, tuple)):
        body, content_type = urlencode(list(pairs(data))).encode(), "application/x-www-form-urlencoded"
    else:
        source = Source(data.read) if hasattr(data, "read") else _of_iterable(iter(data))  # type: ignore[arg-type]
        call(lib.bearer_request_set_body_from, request, read_source, source.user_data, let_source_go, -1)
        return None
    call(lib.bearer_request_set_body, request, body, len(body))
    return content_type
