"""aiohttp.ClientSession(middlewares=(BearerMiddleware(auth),))"""

from __future__ import annotations

from aiohttp import ClientHandlerType, ClientRequest, ClientResponse
from aiohttp.payload import AsyncIterablePayload, IOBasePayload

from ..aio._client import Base, Client
from . import aio_client_of, collected


class BearerMiddleware:
    """Gives each request a valid token; after a 401 the token is renewed, and the request sent once more."""

    def __init__(self, auth: Client | Base) -> None:
        self.client = aio_client_of(auth)

    async def __call__(self, request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        method, url = request.method, str(request.url)
        sent = await self.client.authorization(method, url)
        request.headers.update(sent)
        response = await handler(request)
        headers = collected(response.headers.items())
        again = await self.client.feedback(method, url, sent, response.status, headers)
        if not again or isinstance(request.body, (AsyncIterablePayload, IOBasePayload)):
            return response
        response.release()
        request.headers.update(await self.client.authorization(method, url))
        return await handler(request)
