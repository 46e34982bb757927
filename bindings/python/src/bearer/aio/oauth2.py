"""OAuth 2.0 for asyncio."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from .._core import Token
from .._hooks import weakly
from ..oauth2 import config_of
from ._client import Base, Client

__all__ = ["AbstractAuth", "Auth"]


class Auth(Base):
    """Requests with a token that is kept valid: renewed once, however many tasks ask.

    token: the token set, as token_updater was given it last. token_updater: is given each new set before it is used;
    it may be async def. config: further members of the configuration, "server" for example.
    """

    def __init__(
        self,
        host: str,
        token: Mapping[str, Any] | None = None,
        client_id: str | None = None,
        client_secret: str | None = None,
        token_updater: Callable[[Token], object] | None = None,
        *,
        config: Mapping[str, Any] | None = None,
    ) -> None:
        self.host = host
        self.client_id = client_id
        self.client_secret = client_secret
        self.token_updater = token_updater
        on_refresh = None
        if type(self).refresh_tokens is not Auth.refresh_tokens:
            renew = weakly(self.refresh_tokens)

            def on_refresh(token: Token | None) -> Awaitable[str | Token]:
                renewed: Awaitable[str | Token] = renew()
                return renewed

        self.client = Client(
            config_of(host, token, client_id, client_secret, config), on_refresh=on_refresh, on_token=token_updater
        )

    async def async_get_access_token(self) -> str:
        """An access token that is valid, renewed if need be."""
        return await self.client.get_access_token()

    @property
    def token(self) -> Token | None:
        """The token set, for you to store."""
        return self.client.token

    async def refresh_tokens(self) -> str | Token:
        """Refresh and return new tokens. Override it to renew by your own service."""
        return await self.client.refresh()


AbstractAuth = Auth
