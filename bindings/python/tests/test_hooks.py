"""Hooks that raise, that free their client, and many callers at once."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from typing import Any

import pytest
from conftest import Server

import bearer
from bearer import aio


class Broken(Exception):
    pass


def raise_broken(*_: Any) -> Any:
    raise Broken("in the hook")


HOOKS = ["on_access_token", "on_refresh", "on_token"]


@pytest.mark.parametrize("hook", HOOKS)
def test_what_a_hook_raises_comes_out_of_the_call(server: Server, hook: str) -> None:
    config = server.config() if hook == "on_access_token" else server.config(token=server.issue(expired=True))
    hooks: dict[str, Any] = {hook: raise_broken}
    with bearer.Client(config, **hooks) as client:
        with pytest.raises(Broken, match="in the hook") as raised:
            client.request("get", "x")
        assert raised.value.__cause__ is None and raised.value.__context__ is None


@pytest.mark.parametrize("hook", HOOKS)
def test_what_an_awaited_hook_raises_comes_out_of_the_call(server: Server, hook: str) -> None:
    async def raise_later(*_: Any) -> Any:
        await asyncio.sleep(0)
        raise Broken("in the hook")

    async def main() -> None:
        config = server.config() if hook == "on_access_token" else server.config(token=server.issue(expired=True))
        hooks: dict[str, Any] = {hook: raise_later}
        async with aio.Client(config, **hooks) as client:
            with pytest.raises(Broken, match="in the hook"):
                await client.request("get", "x")

    asyncio.run(main())


def test_a_hook_gives_its_own_status_to_all_who_wait(server: Server) -> None:
    def gone(_: Any) -> str:
        raise bearer.LoginRequired("the account was unlinked")

    with bearer.Client(server.config(token=server.issue(expired=True)), on_refresh=gone) as client:
        with pytest.raises(bearer.LoginRequired, match="unlinked"):
            client.request("get", "x")


@pytest.mark.parametrize("answer", [None, 5, "", "line\nfeed", {"refresh_token": 1}])
def test_a_hook_that_gives_no_token_is_told(server: Server, answer: Any) -> None:
    with bearer.Client(server.config(), on_access_token=lambda _: answer) as client:
        with pytest.raises((TypeError, ValueError)):
            client.request("get", "x")


@pytest.mark.parametrize("hook", HOOKS)
def test_a_hook_may_close_its_client(server: Server, hook: str) -> None:
    token = server.issue()
    closed: list[bool] = []

    def close(_: Any) -> str:
        client.close()
        closed.append(True)
        return str(token["access_token"])

    config = server.config() if hook == "on_access_token" else server.config(token=server.issue(expired=True))
    hooks: dict[str, Any] = {hook: close}
    client = bearer.Client(config, **hooks)
    assert client.request("get", "x").status_code == 200 and closed == [True]
    with pytest.raises(bearer.UsageError) as raised:
        client.request("get", "x")
    assert raised.value.status == bearer.Status.INVALID_HANDLE
    from bearer import _hooks

    assert not _hooks._hooks, "every hook was let go"


@pytest.mark.parametrize("hook", HOOKS)
def test_an_awaited_hook_may_close_its_client(server: Server, hook: str) -> None:
    async def main() -> None:
        token = server.issue()

        async def close(_: Any) -> str:
            await client.close()
            return str(token["access_token"])

        config = server.config() if hook == "on_access_token" else server.config(token=server.issue(expired=True))
        hooks: dict[str, Any] = {hook: close}
        client = aio.Client(config, **hooks)
        assert (await client.request("get", "x")).status == 200

    asyncio.run(main())


def test_sixty_four_threads_make_one_renewal(server: Server) -> None:
    saved: list[Any] = []
    auth = bearer.oauth2.Auth(
        server.api, server.issue(expired=True), **server.client, token_updater=saved.append, config=server.endpoint()
    )
    begin = threading.Barrier(64)
    statuses: list[int] = []

    def ask() -> None:
        begin.wait()
        statuses.append(auth.request("get", "x").status_code)

    threads = [threading.Thread(target=ask) for _ in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 64
    assert (server.counted("token_requests"), server.counted("refreshes"), len(saved)) == (1, 1, 1)


def test_sixty_four_tasks_make_one_renewal(server: Server) -> None:
    async def main() -> None:
        saved: list[Any] = []

        async def save(token: Any) -> None:
            await asyncio.sleep(0)
            saved.append(token)

        auth = aio.oauth2.Auth(
            server.api, server.issue(expired=True), **server.client, token_updater=save, config=server.endpoint()
        )
        answers = await asyncio.gather(*(auth.request("get", "x") for _ in range(64)))
        assert [answer.status for answer in answers] == [200] * 64 and len(saved) == 1
        await auth.close()

    asyncio.run(main())
    assert (server.counted("token_requests"), server.counted("refreshes")) == (1, 1)


def test_hooks_that_make_calls_of_their_own_do_not_wait_for_each_other(server: Server) -> None:
    """More calls than there are threads, each of which waits for a hook that makes a call on another client."""

    async def main() -> None:
        async with aio.Client(server.config(token=server.issue())) as inner:

            async def give(_: Any) -> str:
                return await inner.get_access_token()

            async with aio.Client(server.config(), on_access_token=give) as outer:
                answers = await asyncio.gather(*(outer.request("get", "x", timeout=20) for _ in range(100)))
                assert [answer.status for answer in answers] == [200] * 100

    asyncio.run(main())


def test_a_client_that_nobody_has_any_more_is_let_go(server: Server) -> None:
    class Owner:
        def __init__(self) -> None:
            self.auth = bearer.oauth2.Auth(server.api, server.issue(), token_updater=self.save)

        def save(self, token: Any) -> None:
            pass

    from bearer import _hooks

    owner = Owner()
    assert owner.auth.request("get", "x").status_code == 200
    gone = weakref.ref(owner)
    del owner
    gc.collect()
    assert gone() is None and not _hooks._hooks
