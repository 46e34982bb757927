"""Failures, by what a program does about them."""

from __future__ import annotations

from enum import IntEnum
from typing import Any


class Status(IntEnum):
    """The statuses of bearer.h; their tens say what to do."""

    OK = 0
    PENDING = 1
    INVALID_ARGUMENT = 10
    INVALID_HANDLE = 11
    WOULD_DEADLOCK = 12
    UNSUPPORTED = 13
    LOGIN_REQUIRED = 20
    ACCESS_DENIED = 21
    EXPIRED = 22
    UNAVAILABLE = 30
    TIMEOUT = 31
    CANCELLED = 32
    UNCERTAIN = 33
    TLS = 40
    PROTOCOL = 41
    REJECTED = 42
    TOO_LARGE = 43
    UNSAFE = 44
    HOOK_FAILED = 50
    OUT_OF_MEMORY = 60
    INTERNAL = 61


class Error(Exception):
    """A call failed. A hook of yours may raise one too: its status, from 20 to 39, reaches every caller that waits."""

    def __init__(self, message: str, status: int = Status.INTERNAL, details: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.status: int = Status(status) if status in Status._value2member_map_ else status
        self.details: dict[str, Any] = details or {}

    @property
    def reason(self) -> str | None:
        """The stable sub-code that docs/errors.md lists."""
        return self.details.get("reason")

    @property
    def oauth_error(self) -> str | None:
        return self.details.get("oauth_error")

    @property
    def http_status(self) -> int | None:
        return self.details.get("http_status")

    @property
    def retry_after(self) -> float | None:
        """How many seconds the server asks to wait."""
        return self.details.get("retry_after")


class UsageError(Error):
    """Fix the program: nothing was sent."""


class LoginRequired(Error):
    """A person must sign in again: Home Assistant's ConfigEntryAuthFailed."""

    def __init__(
        self, message: str, status: int = Status.LOGIN_REQUIRED, details: dict[str, Any] | None = None
    ) -> None:
        super().__init__(message, status, details)


class TransientError(Error):
    """Try again later: Home Assistant's ConfigEntryNotReady or UpdateFailed."""

    def __init__(self, message: str, status: int = Status.UNAVAILABLE, details: dict[str, Any] | None = None) -> None:
        super().__init__(message, status, details)


class Timeout(TransientError, TimeoutError):
    """The deadline passed."""


class Cancelled(TransientError):
    """The client, or this call, was cancelled."""


class ServerError(Error):
    """The other side is wrong, or hostile."""


class HookError(Error):
    """A hook failed in another caller's renewal; whoever ran it gets its exception itself."""


class InternalError(Error):
    """This machine is out of memory, or the library has a bug."""


class HTTPError(Error):
    """An answer whose status is 400 or more, by raise_for_status."""

    def __init__(self, status_code: int, url: str, response: Any) -> None:
        super().__init__(f"{status_code} for {url}", Status.OK, {"reason": "http", "http_status": status_code})
        self.status_code = status_code
        self.response = response


_BY_STATUS: dict[int, type[Error]] = {Status.TIMEOUT: Timeout, Status.CANCELLED: Cancelled}
_BY_TENS: dict[int, type[Error]] = {
    1: UsageError,
    2: LoginRequired,
    3: TransientError,
    4: ServerError,
    5: HookError,
    6: InternalError,
}


def of_status(status: int, message: str, details: dict[str, Any]) -> Error:
    kind = _BY_STATUS.get(status) or _BY_TENS.get(status // 10, Error)
    return kind(message, status, details)
