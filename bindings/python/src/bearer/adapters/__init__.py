"""Tokens for requests that other HTTP stacks make: bearer.adapters.requests, .httpx and .aiohttp."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .._client import Base, Client
from ..aio._client import Base as AioBase
from ..aio._client import Client as AioClient


def client_of(auth: Client | Base) -> Client:
    return auth.client if isinstance(auth, Base) else auth


def aio_client_of(auth: AioClient | AioBase) -> AioClient:
    return auth.client if isinstance(auth, AioBase) else auth


def collected(lines: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Header lines as feedback() takes them."""
    headers: dict[str, list[str]] = {}
    for name, value in lines:
        headers.setdefault(name.lower(), []).append(value)
    return dict(headers)
