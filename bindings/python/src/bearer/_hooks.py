"""Hooks: functions of the program that the library calls. One that runs on an event loop answers from there, later."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import itertools
import json
import logging
import weakref
from collections.abc import Callable
from typing import Any

from . import _calls
from ._errors import Error, Status
from ._native import encoded, ffi, lib

_LOG = logging.getLogger("bearer")

# By the number that the library hands back as user_data. The entry is weak as long as the client's owner keeps the
# hook, so that a hook which holds the owner keeps nothing alive; it is strong while the library lets the client go.
_hooks: dict[int, weakref.ref[Hook] | Hook] = {}
_numbers = itertools.count(1)
_running: set[asyncio.Task[None]] = set()


class Hook:
    """A function with the way its argument is read and its answer given."""

    def __init__(self, function: Callable[..., Any], *, takes_json: bool, gives_token: bool, owner: Any) -> None:
        self.function = function
        self.takes_json = takes_json
        self.gives_token = gives_token
        self.loop_of_owner: Callable[[], asyncio.AbstractEventLoop | None] = getattr(owner, "_get_loop", lambda: None)
        self.number = next(_numbers)
        _hooks[self.number] = weakref.ref(self)

    def hold(self) -> None:
        """Keeps the hook until the library lets it go."""
        if self.number in _hooks:
            _hooks[self.number] = self

    @property
    def user_data(self) -> Any:
        return ffi.cast("void *", self.number)

    def serve(self, argument: str | None, reply: Any) -> int:
        call = _calls.current()
        value = json.loads(argument) if self.takes_json and argument is not None else argument
        loop = call.loop if call is not None else self.loop_of_owner()
        try:
            if loop is not None:
                context = call.context if call is not None and call.context is not None else contextvars.copy_context()
                loop.call_soon_threadsafe(self._start, loop, context.copy(), value, reply, call)
                return Status.PENDING
            self._answer(reply, self.function(value))
        except BaseException as raised:
            _fail(reply, call, raised)
        return Status.OK

    def _start(
        self,
        loop: asyncio.AbstractEventLoop,
        context: contextvars.Context,
        value: Any,
        reply: Any,
        call: _calls.Call | None,
    ) -> None:
        task = context.run(loop.create_task, self._respond(value, reply, call))
        _running.add(task)
        task.add_done_callback(_running.discard)

    async def _respond(self, value: Any, reply: Any, call: _calls.Call | None) -> None:
        nesting.set(nesting.get() + 1)
        try:
            answer = self.function(value)
            self._answer(reply, await answer if inspect.isawaitable(answer) else answer)
        except BaseException as raised:
            _fail(reply, call, raised)
            if not isinstance(raised, Exception):
                raise

    def _answer(self, reply: Any, value: Any) -> None:
        if not self.gives_token:
            lib.bearer_reply_done(reply)
            return
        if not isinstance(value, (str, dict)):
            raise TypeError(f"a hook that owes a token gave {type(value).__name__}")
        token = value if isinstance(value, str) else json.dumps(value)
        if lib.bearer_reply_token(reply, encoded(token)) == Status.INVALID_ARGUMENT:
            raise ValueError("a hook that owes a token gave what is none")


# How many hooks deep this task is: calls made by hooks wait on threads that the calls waiting for them do not take.
nesting: contextvars.ContextVar[int] = contextvars.ContextVar("bearer_nesting", default=0)


def _fail(reply: Any, call: _calls.Call | None, raised: BaseException) -> None:
    if call is None:
        _LOG.error("a hook failed on the renewal thread", exc_info=raised)
    elif call.raised is None:
        call.raised = raised
    status = raised.status if isinstance(raised, Error) and 20 <= raised.status < 40 else Status.HOOK_FAILED
    # The type alone: an exception's own text may hold what is no business of a log.
    lib.bearer_reply_error(reply, int(status), encoded(type(raised).__name__))


def find(user_data: Any) -> Any:
    entry = _hooks.get(int(ffi.cast("uintptr_t", user_data)))
    return entry() if isinstance(entry, weakref.ref) else entry


# The three hooks with an argument and a reply have one C type.
@ffi.callback("bearer_status(void *, const char *, bearer_reply *)", error=int(Status.HOOK_FAILED))  # type: ignore[untyped-decorator]
def serve(user_data: Any, argument: Any, reply: Any) -> int:
    hook: Hook | None = find(user_data)
    if hook is None:
        return Status.HOOK_FAILED
    return hook.serve(None if argument == ffi.NULL else ffi.string(argument).decode(), reply)


@ffi.callback("void(void *)")  # type: ignore[untyped-decorator]
def let_go(user_data: Any) -> None:
    _hooks.pop(int(ffi.cast("uintptr_t", user_data)), None)


class Source:
    """A body that is read piece by piece while it is sent."""

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self.read = read
        self.rest = b""
        self.number = next(_numbers)
        _sources[self.number] = self

    @property
    def user_data(self) -> Any:
        return ffi.cast("void *", self.number)


_sources: dict[int, Source] = {}


@ffi.callback("int64_t(void *, void *, size_t)", error=-1)  # type: ignore[untyped-decorator]
def read_source(user_data: Any, buffer: Any, capacity: int) -> int:
    source = _sources[int(ffi.cast("uintptr_t", user_data))]
    try:
        piece = source.rest or source.read(capacity)
        if isinstance(piece, str):
            raise TypeError("a body is read as bytes")
    except BaseException as raised:
        call = _calls.current()
        if call is not None:
            call.raised = raised
        return -1
    source.rest = bytes(piece[capacity:])
    count = min(len(piece), capacity)
    ffi.memmove(buffer, piece, count)
    return count


@ffi.callback("void(void *)")  # type: ignore[untyped-decorator]
def let_source_go(user_data: Any) -> None:
    _sources.pop(int(ffi.cast("uintptr_t", user_data)), None)


def weakly(method: Callable[..., Any]) -> Callable[..., Any]:
    """A method as a hook that does not keep its object alive."""
    reference = weakref.WeakMethod(method)

    def call(*arguments: Any) -> Any:
        function = reference()
        if function is None:
            raise ReferenceError("the object of this hook is gone")
        return function(*arguments)

    return call
