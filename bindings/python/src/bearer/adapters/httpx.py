"""httpx.Client(auth=BearerAuth(auth)), httpx.AsyncClient(auth=AsyncBearerAuth(auth))"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator

import httpx

from .._client import Base, Client
from ..aio._client import Base as AioBase
from ..aio._client import Client as AioClient
from . import aio_client_of, client_of, collected


def _can_be_sent_again(request: httpx.Request) -> bool:
    return isinstance(request.stream, httpx.ByteStream)


class BearerAuth(httpx.Auth):
    """Gives each request a valid token; after a 401 the token is renewed, and the request sent once more."""

    def __init__(self, auth: Client | Base) -> None:
        self.client = client_of(auth)

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        method, url = request.method, str(request.url)
        sent = self.client.authorization(method, url)
        request.headers.update(sent)
        response = yield request
        headers = collected(response.headers.multi_items())
        if self.client.feedback(method, url, sent, response.status_code, headers) and _can_be_sent_again(request):
            request.headers.update(self.client.authorization(method, url))
            yield request

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        raise TypeError("an httpx.AsyncClient takes AsyncBearerAuth")
        yield request


class AsyncBearerAuth(httpx.Auth):
    """The same for httpx.AsyncClient, by a client of bearer.aio."""

    def __init__(self, auth: AioClient | AioBase) -> None:
        self.client = aio_client_of(auth)

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        method, url = request.method, str(request.url)
        sent = await self.client.authorization(method, url)
        request.headers.update(sent)
        response = yield request
        headers = collected(response.headers.multi_items())
        again = await self.client.feedback(method, url, sent, response.status_code, headers)
        if again and _can_be_sent_again(request):
            request.headers.update(await self.client.authorization(method, url))
            yield request

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        raise TypeError("an httpx.Client takes BearerAuth")
        yield request
