"""The C ABI: the library, and how its texts and failures are read. cffi releases the GIL around every call."""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from ._errors import Status, of_status

ffi: Any = import_module("bearer._abi").ffi
lib: Any = ffi.dlopen(
    str(Path(__file__).with_name({"win32": "bearer.dll", "darwin": "libbearer.dylib"}.get(sys.platform, "libbearer.so")))
)


def text(pointer: Any) -> str | None:
    return None if pointer == ffi.NULL else ffi.string(pointer).decode()


def encoded(value: str) -> bytes:
    """A NUL would end the text early, unseen."""
    if "\0" in value:
        raise ValueError("text with a NUL in it")
    return value.encode()


def call(function: Any, *arguments: Any) -> None:
    """Calls a function whose last parameter is a bearer_error **."""
    error = ffi.new("bearer_error **")
    status = function(*arguments, error)
    if status == Status.OK:
        return
    try:
        details = json.loads(text(lib.bearer_error_json(error[0])) or "{}")
    finally:
        lib.bearer_error_free(error[0])
    raise of_status(status, details.get("message") or ffi.string(lib.bearer_status_name(status)).decode(), details)


def call_for_text(function: Any, *arguments: Any) -> str | None:
    """Calls a function whose last parameter but one is a char **, and takes its text."""
    out = ffi.new("char **")
    call(function, *arguments, out)
    try:
        return text(out[0])
    finally:
        lib.bearer_free(out[0])


def version() -> str:
    """The version of the library that runs."""
    return text(lib.bearer_version()) or ""
