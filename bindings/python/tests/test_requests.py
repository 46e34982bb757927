"""What request() takes and gives."""

from __future__ import annotations

import asyncio
import io
import threading
from typing import Any

import pytest
from conftest import Server

import bearer
from bearer import aio


@pytest.fixture
def auth(server: Server) -> bearer.Auth:
    return bearer.Auth(server.fixed, "secret")


def headers_of(response: bearer.Response) -> dict[str, str]:
    return {name.lower(): value for name, value in response.json()["headers"]}


def test_bodies(auth: bearer.Auth) -> None:
    sent = auth.request("post", "x", json={"a": [1, None]})
    assert sent.json()["body_text"] == '{"a": [1, null]}' and headers_of(sent)["content-type"] == "application/json"
    sent = auth.request("put", "x", data={"a": "1 2", "b": ["3", "4"]})
    assert sent.json()["body_text"] == "a=1+2&b=3&b=4"
    assert headers_of(sent)["content-type"] == "application/x-www-form-urlencoded"
    sent = auth.request("post", "x", data="über", headers=[("Content-Type", "text/plain")])
    assert sent.json()["body_text"] == "über" and headers_of(sent)["content-type"] == "text/plain"
    assert auth.request("post", "x", data=b"\0\1").json()["body_length"] == 2
    assert auth.request("post", "x", data=io.BytesIO(b"y" * 200_000)).json()["body_length"] == 200_000
    pieces = iter([b"a" * 100_000, b"", b"b"])
    assert auth.request("post", "x", data=pieces).json()["body_length"] == 100_001
    with pytest.raises(TypeError):
        auth.request("post", "x", data=b"", json={})
    with pytest.raises(TypeError, match="verify"):
        auth.request("get", "x", verify=False)  # type: ignore[call-arg]


def test_a_body_that_cannot_be_read_raises_what_it_raised(auth: bearer.Auth) -> None:
    def pieces() -> Any:
        yield b"a"
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        auth.request("post", "x", data=pieces())


def test_params(auth: bearer.Auth) -> None:
    answer = auth.request("get", "x?z=0", params={"a": "1 &", "b": [2, 3], "c": None})
    assert answer.json()["path"] == "/fixed/x?z=0&a=1%20%26&b=2&b=3"


def test_headers_of_answers(auth: bearer.Auth) -> None:
    headers = auth.request("get", "headers").headers
    assert len(headers.get_all("set-cookie")) == 2
    assert headers["x-repeated"] == ", ".join(headers.get_all("X-Repeated"))
    assert "X-REPEATED" in headers and "absent" not in headers and headers.get("absent") is None


def test_statuses(auth: bearer.Auth) -> None:
    answer = auth.request("get", "status/404")
    assert (answer.status_code, answer.status, answer.ok, answer.text) == (404, 404, False, "status 404")
    with pytest.raises(bearer.HTTPError) as raised:
        answer.raise_for_status()
    assert raised.value.response is answer
    auth.request("get", "status/299").raise_for_status()
    assert auth.request("get", "empty").content == b""


def test_streams(auth: bearer.Auth) -> None:
    expected = bytes(i % 251 for i in range(300_000))
    with auth.request("get", "bytes/300000", stream=True) as answer:
        pieces = list(answer.iter_content(1000))
    assert b"".join(pieces) == expected and max(map(len, pieces)) <= 1000
    assert auth.request("get", "chunked/300000").content == expected
    assert b"".join(auth.request("get", "bytes/300000").iter_content()) == expected
    with auth.request("get", "bytes/300000", stream=True) as answer:
        pass
    with pytest.raises(RuntimeError):
        answer.content


def test_streams_of_tasks(server: Server) -> None:
    async def main() -> None:
        async with aio.Auth(server.fixed, "secret") as auth:
            async with await auth.request("get", "bytes/300000", stream=True) as answer:
                body = b"".join([piece async for piece in answer.iter_content()])
            assert body == bytes(i % 251 for i in range(300_000))
            answer = await auth.request("get", "status/404", stream=True)
            assert await answer.text() == "status 404"

    asyncio.run(main())


def test_errors(server: Server) -> None:
    with pytest.raises(bearer.UsageError, match="base_url") as raised:
        bearer.Client({"base_urls": "http://x"})
    assert (raised.value.status, raised.value.reason) == (bearer.Status.INVALID_ARGUMENT, "member")

    # An endpoint of its own: the library asks one that failed less often, whoever needs it.
    linked = server.config(token=server.issue(expired=True), refresh={"endpoint": server.url + "/link/refresh_token/x"})
    server.control("POST", "fault", {"path": "/link", "status": 503, "headers": [["Retry-After", "3"]]})
    with pytest.raises(bearer.TransientError) as later:
        bearer.Client(linked).request("get", "x")
    assert later.value.reason == "server_error" and later.value.http_status == 503
    assert later.value.retry_after is not None and 0 < later.value.retry_after <= 3

    token = server.issue(expired=True)
    server.control("POST", "invalidate", {"refresh_token": token["refresh_token"]})
    auth = bearer.oauth2.Auth(server.api, token, **server.client, config=server.endpoint())
    with pytest.raises(bearer.LoginRequired) as login:
        auth.request("get", "x")
    assert (login.value.status, login.value.oauth_error) == (bearer.Status.LOGIN_REQUIRED, "invalid_grant")

    refused = bearer.oauth2.Auth(server.api, server.issue(expired=True), "nobody", "x", config=server.endpoint())
    with pytest.raises(bearer.ServerError) as other:
        refused.request("get", "x")
    assert other.value.status == bearer.Status.REJECTED

    with pytest.raises(bearer.LoginRequired):
        bearer.oauth2.Auth(server.api).request("get", "x")


def test_time_is_limited(server: Server) -> None:
    server.control("POST", "fault", {"path": "/fixed/slow", "silent": True})
    with pytest.raises(bearer.Timeout) as raised:
        bearer.Auth(server.fixed, "secret").request("get", "slow", timeout=0.05)
    assert isinstance(raised.value, TimeoutError) and isinstance(raised.value, bearer.TransientError)


def test_the_gil_is_released(server: Server) -> None:
    """One thread waits for an answer that another one lets go."""
    hold = server.hold("/fixed/held")
    auth = bearer.Auth(server.fixed, "secret")
    statuses: list[int] = []
    waiting = threading.Thread(target=lambda: statuses.append(auth.request("get", "held").status))
    waiting.start()
    server.await_held(hold)
    server.release(hold)
    waiting.join()
    assert statuses == [200]


def test_a_login(server: Server) -> None:
    with bearer.Client(server.config()) as client:
        login = client.login_begin(redirect_uri="http://127.0.0.1/callback")
        code = server.control(
            "POST",
            "code",
            {"redirect_uri": "http://127.0.0.1/callback", "code_challenge": challenge(login["authorization_url"])},
        )["code"]
        token = client.login_finish(login, f"http://127.0.0.1/callback?code={code}&state={login['state']}&iss={server.url}")
        assert client.token == token and client.request("get", "x").status == 200
        client.revoke()
        assert client.token is None


def challenge(url: str) -> str:
    from urllib.parse import parse_qs, urlsplit

    return parse_qs(urlsplit(url).query)["code_challenge"][0]
