"""A client's handle with its hooks, and the library's calls on it. What blocks is told so by its name's verb."""

from __future__ import annotations

import asyncio
import atexit
import json
import weakref
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from ._errors import Status, UsageError
from ._hooks import Hook, let_go, serve
from ._native import call, call_for_text, encoded, ffi, lib
from ._request import Options, build
from ._response import Answer

Token = dict[str, Any]
AnswerT = TypeVar("AnswerT", bound=Answer)

_open: weakref.WeakSet[Core] = weakref.WeakSet()


class Core:
    def __init__(
        self,
        config: Mapping[str, Any],
        on_access_token: Callable[[str | None], Any] | None,
        on_refresh: Callable[[Token | None], Any] | None,
        on_token: Callable[[Token], Any] | None,
    ) -> None:
        self._handle: Any = None
        self._hooks: list[Hook] = []
        self._loop: weakref.ref[asyncio.AbstractEventLoop] | None = None
        out = ffi.new("bearer_client **")
        call(lib.bearer_client_new, encoded(json.dumps(dict(config))), out)
        self._handle = out[0]
        _open.add(self)
        self._set(lib.bearer_client_on_access_token, on_access_token, takes_json=False, gives_token=True)
        self._set(lib.bearer_client_on_refresh, on_refresh, takes_json=True, gives_token=True)
        self._set(lib.bearer_client_on_token, on_token, takes_json=True, gives_token=False)

    def _set(self, register: Any, function: Callable[..., Any] | None, *, takes_json: bool, gives_token: bool) -> None:
        if function is None:
            return
        hook = Hook(function, takes_json=takes_json, gives_token=gives_token, owner=self)
        self._hooks.append(hook)
        call(register, self._handle, serve, hook.user_data, let_go)

    def _get_loop(self) -> asyncio.AbstractEventLoop | None:
        return self._loop() if self._loop is not None else None

    @property
    def handle(self) -> Any:
        if self._handle is None:
            raise UsageError("the client was closed", Status.INVALID_HANDLE, {"reason": "handle"})
        return self._handle

    def free(self) -> None:
        handle, self._handle = self._handle, None
        if handle is None:
            return
        _open.discard(self)
        hooks, self._hooks = self._hooks, []
        for hook in hooks:
            hook.hold()
        lib.bearer_client_free(handle)

    def __del__(self) -> None:
        self.free()

    def scope(self) -> Any:
        """A second handle with a cancel of its own, which is freed with its last reference."""
        out = ffi.new("bearer_client **")
        call(lib.bearer_client_scope, self.handle, ffi.NULL, out)
        return ffi.gc(out[0], lib.bearer_client_free)

    def cancel(self) -> None:
        lib.bearer_client_cancel(self.handle)

    def get_token(self) -> Token | None:
        try:
            found = call_for_text(lib.bearer_client_token, self.handle)
        except Exception as error:
            if getattr(error, "status", None) == Status.LOGIN_REQUIRED:
                return None
            raise
        return None if found is None else _object(found)

    def set_token(self, token: Mapping[str, Any]) -> None:
        call(lib.bearer_client_set_token, self.handle, encoded(json.dumps(dict(token))))

    def stats(self) -> dict[str, int]:
        return _object(call_for_text(lib.bearer_client_stats, self.handle))


def _object(found: str | None) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(found or "{}")
    return value


# Each takes the handle that it is called on: the client's, or that of a scope.


def send(handle: Any, kind: type[AnswerT], method: str, path: str, options: Options) -> AnswerT:
    request = build(method, path, options)
    out = ffi.new("bearer_response **")
    call(lib.bearer_client_send, handle, request, out)
    answer = kind(ffi.gc(out[0], lib.bearer_response_free))
    if not options.get("stream"):
        answer._read_all()
    return answer


def refresh(handle: Any) -> Token:
    return _object(call_for_text(lib.bearer_client_refresh, handle))


def access_token(handle: Any, min_valid_s: int) -> str:
    out = ffi.new("char **")
    call(lib.bearer_client_access_token, handle, min_valid_s, out, ffi.NULL)
    try:
        token: str = ffi.string(out[0]).decode()
        return token
    finally:
        lib.bearer_free(out[0])


def authorization(handle: Any, method: str, url: str) -> dict[str, str]:
    return _object(call_for_text(lib.bearer_client_authorization, handle, encoded(method), encoded(url)))


def feedback(
    handle: Any, method: str, url: str, sent: Mapping[str, str], status: int, headers: Mapping[str, Any]
) -> bool:
    resend = ffi.new("bool *")
    texts = encoded(json.dumps(dict(sent))), encoded(json.dumps(dict(headers)))
    call(lib.bearer_client_feedback, handle, encoded(method), encoded(url), texts[0], status, texts[1], resend)
    return bool(resend[0])


def grant(handle: Any, parameters: Mapping[str, Any]) -> Token:
    return _object(call_for_text(lib.bearer_grant, handle, encoded(json.dumps(dict(parameters)))))


def login_begin(handle: Any, parameters: Mapping[str, Any]) -> dict[str, Any]:
    return _object(call_for_text(lib.bearer_login_begin, handle, encoded(json.dumps(dict(parameters)))))


def login_finish(handle: Any, login: Mapping[str, Any], callback_url: str) -> Token:
    return _object(
        call_for_text(lib.bearer_login_finish, handle, encoded(json.dumps(dict(login))), encoded(callback_url))
    )


def revoke(handle: Any) -> None:
    call(lib.bearer_revoke, handle, ffi.NULL)


def _close_all() -> None:
    """Nothing of the library calls into an interpreter that is gone."""
    for core in list(_open):
        core.free()


atexit.register(_close_all)
