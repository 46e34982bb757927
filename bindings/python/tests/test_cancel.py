"""A task that is cancelled ends its own call, at once and alone."""

from __future__ import annotations

import asyncio
import threading

import pytest
from conftest import Server

import bearer
from bearer import aio


async def held(server: Server, hold: int, at_least: int) -> None:
    await asyncio.to_thread(server.await_held, hold, at_least)


def test_a_cancelled_task_leaves_the_others_alone(server: Server) -> None:
    async def main() -> None:
        hold = server.hold("/fixed/held")
        async with aio.Auth(server.fixed, "secret") as auth:
            one, other = (asyncio.create_task(auth.request("get", "held")) for _ in range(2))
            await held(server, hold, 2)
            one.cancel()
            with pytest.raises(asyncio.CancelledError):
                await one
            assert not other.done()
            server.release(hold)
            assert (await other).status == 200

    asyncio.run(main())


def test_a_cancelled_call_ends_on_its_thread_too(server: Server) -> None:
    """With as many held calls as there are threads, another call gets one once they are cancelled."""

    async def main() -> None:
        from bearer.aio._run import THREADS

        hold = server.hold("/fixed/held")
        async with aio.Auth(server.fixed, "secret") as auth:
            tasks = [asyncio.create_task(auth.request("get", "held", timeout=60)) for _ in range(THREADS)]
            await held(server, hold, THREADS)
            for task in tasks:
                task.cancel()
            assert (await asyncio.wait_for(auth.request("get", "x"), 10)).status == 200
            server.release(hold)

    asyncio.run(main())


def test_a_renewal_outlives_the_task_that_began_it(server: Server) -> None:
    async def main() -> None:
        saved: list[bearer.Token] = []
        token = server.issue(expired=True)
        hold = server.hold("/auth/token")
        async with aio.oauth2.Auth(
            server.api, token, **server.client, token_updater=saved.append, config=server.endpoint()
        ) as auth:
            first, second = (asyncio.create_task(auth.request("get", "x")) for _ in range(2))
            await held(server, hold, 1)
            first.cancel()
            with pytest.raises(asyncio.CancelledError):
                await first
            server.release(hold)
            assert (await second).status == 200
            # Offered again where the call that was told has left before it heard that the set is saved.
            assert {set["access_token"] for set in saved} == {auth.token and auth.token["access_token"]}

    asyncio.run(main())
    assert server.counted("token_requests") == 1


def test_a_stream_can_be_cancelled(server: Server) -> None:
    async def main() -> None:
        server.control("POST", "fault", {"path": "/fixed/bytes", "drip_ms": 20})
        async with aio.Auth(server.fixed, "secret") as auth:
            answer = await auth.request("get", "bytes/100000", stream=True)
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(answer.read(), 0.05)
            with pytest.raises(bearer.Cancelled):
                await answer.read()
            answer.close()

    asyncio.run(main())


def test_a_client_can_be_cancelled_from_another_thread(server: Server) -> None:
    hold = server.hold("/fixed/held")
    auth = bearer.Auth(server.fixed, "secret")
    raised: list[BaseException] = []

    def ask() -> None:
        try:
            auth.request("get", "held")
        except bearer.Cancelled as error:
            raised.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    server.await_held(hold)
    auth.client.cancel()
    thread.join()
    server.release(hold)
    assert [type(error) for error in raised] == [bearer.Cancelled]
