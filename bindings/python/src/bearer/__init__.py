"""OAuth 2.0 access tokens that stay valid, and requests made with them."""

from . import oauth2
from ._client import AbstractAuth, Auth, Client
from ._core import Token
from ._errors import (
    Cancelled,
    Error,
    HookError,
    HTTPError,
    InternalError,
    LoginRequired,
    ServerError,
    Status,
    Timeout,
    TransientError,
    UsageError,
)
from ._native import version
from ._response import Headers, Response

__all__ = [
    "AbstractAuth",
    "Auth",
    "Cancelled",
    "Client",
    "Error",
    "HTTPError",
    "Headers",
    "HookError",
    "InternalError",
    "LoginRequired",
    "Response",
    "ServerError",
    "Status",
    "Timeout",
    "Token",
    "TransientError",
    "UsageError",
    "oauth2",
    "version",
]
