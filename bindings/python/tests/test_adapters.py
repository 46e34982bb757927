"""Other HTTP stacks with tokens that are kept valid."""

from __future__ import annotations

import asyncio
import io
from typing import Any

import aiohttp
import httpx
import pytest
import requests
from conftest import Server

import bearer
from bearer import aio
from bearer.adapters.aiohttp import BearerMiddleware
from bearer.adapters.httpx import AsyncBearerAuth, BearerAuth as HttpxAuth
from bearer.adapters.requests import BearerAuth


def tokens(server: Server) -> list[dict[str, Any]]:
    """One that has expired, and one that the API refuses although it has not."""
    refused = server.issue()
    server.control("POST", "invalidate", {"access_token": refused["access_token"]})
    return [server.issue(expired=True), refused]


def auth_of(server: Server, token: dict[str, Any], kind: Any = bearer.oauth2.Auth) -> Any:
    return kind(server.api, token, **server.client, config=server.endpoint())


def test_requests(server: Server) -> None:
    for token in tokens(server):
        auth = auth_of(server, token)
        with requests.Session() as session:
            session.auth = BearerAuth(auth)
            answer = session.post(server.api + "/x", data="body")
            assert (answer.status_code, answer.json()["body_text"]) == (200, "body")
            assert session.get(server.api + "/x").status_code == 200
    assert (server.counted("token_requests"), server.counted("api_401")) == (2, 1)


def test_requests_sends_a_file_again(server: Server) -> None:
    auth = auth_of(server, tokens(server)[1])
    answer = requests.post(server.api + "/x", data=io.BytesIO(b"file"), auth=BearerAuth(auth))
    assert (answer.status_code, answer.json()["body_text"], len(answer.history)) == (200, "file", 1)


def test_requests_follows_a_redirect(server: Server) -> None:
    auth = auth_of(server, server.issue())
    answer = requests.get(server.api + "/redirect", params={"to": server.api + "/x"}, auth=BearerAuth(auth))
    assert (answer.status_code, answer.json()["path"]) == (200, "/api/x")


def test_the_token_goes_to_no_other_origin(server: Server) -> None:
    with pytest.raises(bearer.ServerError) as raised:
        requests.get("http://127.0.0.1:9/x", auth=BearerAuth(auth_of(server, server.issue())))
    assert raised.value.reason == "origin"


def test_a_401_that_stays_is_sent_once_more_alone(server: Server) -> None:
    server.control("POST", "config", {"reject_all": True})
    answer = requests.get(server.api + "/x", auth=BearerAuth(auth_of(server, server.issue())))
    assert (answer.status_code, server.counted("api_requests")) == (401, 2)


def test_httpx(server: Server) -> None:
    for token in tokens(server):
        with httpx.Client(auth=HttpxAuth(auth_of(server, token))) as client:
            answer = client.post(server.api + "/x", content="body")
            assert (answer.status_code, answer.json()["body_text"]) == (200, "body")
    assert (server.counted("token_requests"), server.counted("api_401")) == (2, 1)


def test_httpx_async(server: Server) -> None:
    async def main() -> None:
        for token in tokens(server):
            auth = auth_of(server, token, aio.oauth2.Auth)
            async with httpx.AsyncClient(auth=AsyncBearerAuth(auth)) as client:
                answer = await client.post(server.api + "/x", content="body")
                assert (answer.status_code, answer.json()["body_text"]) == (200, "body")
                with pytest.raises(TypeError):
                    httpx.get(server.api, auth=AsyncBearerAuth(auth))
            await auth.close()

    asyncio.run(main())
    assert (server.counted("token_requests"), server.counted("api_401")) == (2, 1)


def test_aiohttp(server: Server) -> None:
    async def main() -> None:
        for token in tokens(server):
            async with (
                auth_of(server, token, aio.oauth2.Auth) as auth,
                aiohttp.ClientSession(middlewares=(BearerMiddleware(auth),)) as session,
            ):
                for method in ("POST", "GET"):
                    async with session.request(method, server.api + "/x", json={"a": 1}) as answer:
                        assert (answer.status, (await answer.json())["body_text"]) == (200, '{"a": 1}')

    asyncio.run(main())
    assert (server.counted("token_requests"), server.counted("api_401")) == (2, 1)
