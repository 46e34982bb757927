"""The call that a thread is making: where its hooks put what they raised."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable
from typing import TypeVar

from ._errors import Error

T = TypeVar("T")


class Call:
    __slots__ = ("raised", "loop", "context")

    def __init__(
        self, loop: asyncio.AbstractEventLoop | None = None, context: contextvars.Context | None = None
    ) -> None:
        self.raised: BaseException | None = None
        self.loop = loop
        self.context = context


class _Local(threading.local):
    call: Call | None = None


_local = _Local()


def current() -> Call | None:
    return _local.call


def run(call: Call, function: Callable[[], T]) -> T:
    """Calls a function; where it fails because a hook raised, it is the hook's exception that goes on."""
    outer, _local.call = _local.call, call
    try:
        return function()
    except Error as error:
        failed = error
    finally:
        _local.call = outer
    # Outside of the except: the hook's exception keeps the cause and context that it had.
    raised, call.raised = call.raised, None
    raise raised if raised is not None else failed
