"""The library's calls on threads of a pool, so that no call blocks the event loop."""

from __future__ import annotations

import asyncio
import contextvars
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from .. import _calls
from .._core import Core
from .._hooks import nesting
from .._native import ffi, lib

T = TypeVar("T")

THREADS = 32
"""How many calls wait at once; those beyond queue. A client that makes no call has no thread."""

_pools: dict[int, ThreadPoolExecutor] = {}
_making = threading.Lock()


def pool(depth: int) -> ThreadPoolExecutor:
    """The threads for calls that hooks so deep make: a call that waits for its hook takes none from that hook."""
    with _making:
        if depth not in _pools:
            _pools[depth] = ThreadPoolExecutor(THREADS, thread_name_prefix=f"bearer-{depth}")
        return _pools[depth]


class AioCore(Core):
    def __del__(self) -> None:
        if self._handle is None:
            return
        try:
            # A renewal under way is saved first, by a hook that this thread's loop may have to run.
            pool(nesting.get()).submit(self.free)
        except RuntimeError:
            self.free()


class Scope:
    """The handle of one task's call, by which its cancellation ends that call alone."""

    def __init__(self, core: Core) -> None:
        self.handle: Any = core.scope()

    def cancel(self) -> None:
        handle = self.handle
        if handle is not None:
            lib.bearer_client_cancel(handle)

    def release(self) -> None:
        handle, self.handle = self.handle, None
        if handle is not None:
            ffi.release(handle)


async def on_thread(function: Callable[[], T], cancel: Callable[[], None]) -> T:
    loop = asyncio.get_running_loop()
    call = _calls.Call(loop, contextvars.copy_context())
    try:
        return await loop.run_in_executor(pool(nesting.get()), _calls.run, call, function)
    except asyncio.CancelledError:
        cancel()
        raise


async def run(core: Core, function: Callable[..., T], *arguments: Any) -> T:
    """Calls a function with a scope's handle."""
    core._loop = weakref.ref(asyncio.get_running_loop())
    scope = Scope(core)

    def work() -> T:
        try:
            return function(scope.handle, *arguments)
        finally:
            scope.release()

    return await on_thread(work, scope.cancel)
