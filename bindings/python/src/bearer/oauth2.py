"""OAuth 2.0 for programs that block."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ._client import Base, Client
from ._core import Token
from ._hooks import weakly

__all__ = ["AbstractAuth", "Auth"]


def config_of(
    host: str,
    token: Mapping[str, Any] | None,
    client_id: str | None,
    client_secret: str | None,
    further: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """The configuration that the arguments of an Auth make; further members count more."""
    registration = {"client_id": client_id, "client_secret": client_secret}
    config: dict[str, Any] = {
        "base_url": host,
        "client": {name: value for name, value in registration.items() if value is not None},
    }
    if token is not None:
        config["token"] = dict(token)
    for name, value in (further or {}).items():
        config[name] = {**config[name], **value} if name in ("client",) else value
    return config


class Auth(Base):
    """Requests with a token that is kept valid: renewed once, however many threads ask.

    token: the token set, as token_updater was given it last. token_updater: is given each new set before it is used.
    config: further members of the configuration, "server" for example.
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

            def on_refresh(token: Token | None) -> str | Token:
                renewed: str | Token = renew()
                return renewed

        self.client = Client(
            config_of(host, token, client_id, client_secret, config), on_refresh=on_refresh, on_token=token_updater
        )

    @property
    def access_token(self) -> str:
        """An access token that is valid, renewed if need be."""
        return self.client.get_access_token()

    @property
    def token(self) -> Token | None:
        """The token set, for you to store."""
        return self.client.token

    def refresh_tokens(self) -> str | Token:
        """Refresh and return new tokens. Override it to renew by your own service."""
        return self.client.refresh()


AbstractAuth = Auth
