"""The six classes of Home Assistant's guide for Python libraries. README.md lists where they differ from its text."""

from __future__ import annotations

import asyncio
import threading
from typing import Dict, Optional, Union

import pytest
from conftest import Server


def test_async_auth(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    from bearer.aio import Auth

    async def main() -> None:
        async with Auth(server.fixed, "secret") as auth:

            # This will fetch data from http://example.com/api/lights
            resp = await auth.request("get", "lights")
            print("HTTP response status code", resp.status)
            print("HTTP response JSON content", await resp.json())

    asyncio.run(main())
    said = capsys.readouterr().out
    assert "HTTP response status code 200" in said and "'path': '/fixed/lights'" in said


def test_sync_auth(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    from bearer import Auth

    auth = Auth(server.fixed, "secret")

    # This will fetch data from http://example.com/api/lights
    resp = auth.request("get", "lights")
    print("HTTP response status code", resp.status_code)
    print("HTTP response JSON content", resp.json())

    said = capsys.readouterr().out
    assert "HTTP response status code 200" in said and "'path': '/fixed/lights'" in said


class TokenManager:
    """A developer's own, with tokens of the test server."""

    def __init__(self, server: Server, token: Dict[str, Union[str, int]]) -> None:
        self.server = server
        self.token = token
        self.saved: Optional[Dict[str, Union[str, int]]] = None

    def is_token_valid(self) -> bool:
        return self.saved is not None

    @property
    def access_token(self) -> str:
        return str(self.token["access_token"])


class AsyncTokenManager(TokenManager):
    async def fetch_access_token(self) -> None:
        await asyncio.sleep(0)
        self.token = self.server.issue()

    async def save_access_token(self) -> None:
        self.saved = self.token


def test_async_abstract_auth_and_its_subclass(server: Server) -> None:
    from bearer.aio import AbstractAuth

    class Auth(AbstractAuth):
        def __init__(self, host: str, token_manager: AsyncTokenManager):
            """Initialize the auth."""
            super().__init__(host)
            self.token_manager = token_manager

        async def async_get_access_token(self) -> str:
            """Return a valid access token."""
            if self.token_manager.is_token_valid():
                return self.token_manager.access_token

            await self.token_manager.fetch_access_token()
            await self.token_manager.save_access_token()

            return self.token_manager.access_token

    async def main() -> None:
        manager = AsyncTokenManager(server, server.issue(expired=True))
        async with Auth(server.api, manager) as auth:
            for _ in range(2):
                resp = await auth.request("get", "lights")
                assert (resp.status, (await resp.json())["path"]) == (200, "/api/lights")
        assert manager.saved == manager.token

    asyncio.run(main())
    with pytest.raises(TypeError, match="abstract"):
        AbstractAuth(server.api)  # type: ignore[abstract]


def test_sync_abstract_auth(server: Server) -> None:
    from bearer import AbstractAuth

    class Auth(AbstractAuth):
        def access_token(self) -> str:
            """Return a valid access token."""
            return str(server.issue()["access_token"])

    with Auth(server.api) as auth:
        assert auth.request("get", "lights").status_code == 200
    with pytest.raises(TypeError, match="abstract"):
        AbstractAuth(server.api)  # type: ignore[abstract]


def test_oauth2_auth(server: Server) -> None:
    from bearer.oauth2 import Auth

    saved: list[Dict[str, Union[str, int]]] = []
    # The default endpoint is f"{host}/auth/token", as in the guide; this server's is beside its API.
    auth = Auth(server.api, server.issue(expired=True), "test-client", "test-secret", saved.append, config=server.endpoint())
    response = auth.request("get", "lights", params={"room": "hall"}, headers={"X-Trace": "1"})
    assert (response.status_code, response.json()["path"]) == (200, "/api/lights?room=hall")
    assert ["x-trace", "1"] in [[name.lower(), value] for name, value in response.json()["headers"]]
    assert len(saved) == 1 and saved[0]["access_token"] == auth.access_token
    token = auth.refresh_tokens()
    assert saved[1] == token == auth.token and token != saved[0]


def test_the_default_endpoint_is_the_guides(server: Server) -> None:
    from bearer.oauth2 import Auth

    auth = Auth(server.url, server.issue(expired=True), "test-client", "test-secret")
    assert auth.request("get", "api/lights").status_code == 200


class SyncTokenManager(TokenManager):
    def fetch_access_token(self) -> None:
        self.token = self.server.issue()

    def save_access_token(self) -> None:
        self.saved = self.token


def test_oauth2_auth_that_overrides_refresh_tokens(server: Server) -> None:
    from bearer.oauth2 import AbstractAuth

    class Auth(AbstractAuth):
        token_manager = SyncTokenManager(server, server.issue(expired=True))

        def refresh_tokens(self) -> str:
            """Refresh and return new tokens."""
            self.token_manager.fetch_access_token()
            self.token_manager.save_access_token()

            return self.token_manager.access_token

    auth = Auth(server.api, server.issue(expired=True), "test-client", "test-secret")
    assert auth.request("get", "lights").status_code == 200
    assert auth.token_manager.saved is not None and auth.access_token == auth.token_manager.access_token
    assert server.counted("token_requests") == 0


def test_async_oauth2_auth_and_its_subclass(server: Server) -> None:
    from bearer.aio import oauth2

    class Renewing(oauth2.Auth):
        async def refresh_tokens(self) -> Dict[str, Union[str, int]]:
            await asyncio.sleep(0)
            return server.issue()

    async def main() -> None:
        saved, threads = [], set()

        async def save(token: Dict[str, Union[str, int]]) -> None:
            await asyncio.sleep(0)
            threads.add(threading.current_thread())
            saved.append(token)

        for kind in (oauth2.Auth, Renewing):
            expired = server.issue(expired=True)
            async with kind(server.api, expired, "test-client", "test-secret", save, config=server.endpoint()) as auth:
                assert (await auth.request("get", "lights")).status == 200
                assert saved[-1]["access_token"] == await auth.async_get_access_token()
        assert len(saved) == 2 and server.counted("token_requests") == 1
        assert threads == {threading.main_thread()}

    asyncio.run(main())
