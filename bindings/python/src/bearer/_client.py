"""Clients for programs that block."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, TypeVar

from typing_extensions import Self, Unpack

from . import _calls, _core
from ._core import Core, Token
from ._hooks import weakly
from ._request import Options
from ._response import Response

T = TypeVar("T")


class Client:
    """One API, one token, one set of hooks. Any number of threads may use it at once.

    config: the members that docs/configuration.md has.
    on_access_token: gives an access token for each request; is given the one that the API has just refused, or None.
    on_refresh: renews; is given the token set, and gives another, or an access token alone.
    on_token: is given every new token set before anything uses it.
    """

    def __init__(
        self,
        config: Mapping[str, Any],
        *,
        on_access_token: Callable[[str | None], str | Token] | None = None,
        on_refresh: Callable[[Token | None], str | Token] | None = None,
        on_token: Callable[[Token], object] | None = None,
    ) -> None:
        self._core = Core(config, on_access_token, on_refresh, on_token)

    def _run(self, function: Callable[..., T], *arguments: Any) -> T:
        handle = self._core.handle
        return _calls.run(_calls.Call(), lambda: function(handle, *arguments))

    def request(self, method: str, path: str, **kwargs: Unpack[Options]) -> Response:
        """Makes a request with a valid token. An answer of any HTTP status is no error."""
        answer: Response = self._run(_core.send, Response, method, path, kwargs)
        return answer

    @property
    def token(self) -> Token | None:
        """The token set, for you to store."""
        return self._core.get_token()

    @token.setter
    def token(self, token: Mapping[str, Any]) -> None:
        self._core.set_token(token)

    def refresh(self) -> Token:
        """Renews now. Callers that ask at the same time share one renewal."""
        return self._run(_core.refresh)

    def get_access_token(self, min_valid_s: int = 0) -> str:
        """An access token that is good for at least so long, renewed if need be."""
        return self._run(_core.access_token, min_valid_s)

    def authorization(self, method: str, url: str) -> dict[str, str]:
        """The headers that a request by another HTTP stack needs."""
        return self._run(_core.authorization, method, url)

    def feedback(
        self, method: str, url: str, sent: Mapping[str, str], status: int, headers: Mapping[str, Any]
    ) -> bool:
        """After the answer of another HTTP stack: whether to send again, with new headers."""
        return self._run(_core.feedback, method, url, sent, status, headers)

    def grant(self, **parameters: Any) -> Token:
        """Gets a token by a grant that needs no person: grant_type="client_credentials" for example."""
        return self._run(_core.grant, parameters)

    def login_begin(self, **parameters: Any) -> dict[str, Any]:
        """Begins a login in a browser: open its "authorization_url"."""
        return self._run(_core.login_begin, parameters)

    def login_finish(self, login: Mapping[str, Any], callback_url: str) -> Token:
        """Ends a login with the URL that the browser was sent back to."""
        return self._run(_core.login_finish, login, callback_url)

    def revoke(self) -> None:
        """Revokes the tokens, and forgets them."""
        self._run(_core.revoke)

    def stats(self) -> dict[str, int]:
        return self._core.stats()

    def cancel(self) -> None:
        """Ends every call that runs, and those to come, with Cancelled."""
        self._core.cancel()

    def close(self) -> None:
        """Lets the client go; a renewal that is under way is saved first. Also from a hook."""
        self._core.free()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


class Base:
    """What every Auth has."""

    client: Client

    def request(self, method: str, path: str, **kwargs: Unpack[Options]) -> Response:
        """Make a request."""
        return self.client.request(method, path, **kwargs)

    def close(self) -> None:
        self.client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


class Auth(Base):
    """Class to make authenticated requests. access_token is the whole authorization header."""

    def __init__(self, host: str, access_token: str) -> None:
        self.host = host
        self.access_token = access_token
        self.client = Client({"base_url": host, "authorization": access_token})


class AbstractAuth(Base, ABC):
    """Abstract class to make authenticated requests."""

    def __init__(self, host: str) -> None:
        self.host = host
        give = weakly(self.access_token)
        self.client = Client({"base_url": host}, on_access_token=lambda rejected: give())

    @abstractmethod
    def access_token(self) -> str:
        """Return a valid access token: asked for each request, and once more where the API refuses it."""
