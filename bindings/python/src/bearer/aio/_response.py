"""Answers whose bodies are awaited."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Any

from .._errors import Cancelled, Status
from .._native import ffi
from .._response import CHUNK, Answer
from ._run import Scope, on_thread


class Response(Answer):
    """An answer; with stream=True its body is read when it is asked for."""

    _scope: Scope | None = None
    _is_cancelled = False

    async def read(self) -> bytes:
        return self._content if self._content is not None else await on_thread(self._read_all, self._cancel)

    async def text(self) -> str:
        return (await self.read()).decode(self.encoding, "replace")

    async def json(self) -> Any:
        return json.loads(await self.read())

    async def iter_content(self, chunk_size: int = CHUNK) -> AsyncIterator[bytes]:
        """The body in pieces of at most so many bytes."""
        if self._content is not None:
            for start in range(0, len(self._content), chunk_size):
                yield self._content[start : start + chunk_size]
            return
        buffer = ffi.new("char[]", chunk_size)
        while piece := await on_thread(lambda: self._read(buffer), self._cancel):
            yield piece

    def _cancel(self) -> None:
        self._is_cancelled = True
        if self._scope is not None:
            self._scope.cancel()

    def _open(self) -> Any:
        if self._is_cancelled:
            # Told here: the thread of the read that was cancelled may not have left the library yet.
            raise Cancelled("an earlier read was cancelled", Status.CANCELLED, {"reason": "cancelled"})
        return super()._open()

    def close(self) -> None:
        super().close()
        scope, self._scope = self._scope, None
        if scope is not None:
            scope.release()

    async def __aenter__(self) -> Response:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.close()
