"""Ten thousand clients, one after the other, take no more memory than a thousand."""

from __future__ import annotations

import asyncio
import gc
from pathlib import Path

import pytest
from conftest import Server

from bearer import aio, oauth2

ALLOWED_KIB = 2048


def resident_kib() -> int:
    gc.collect()
    status = Path("/proc/self/status")
    if not status.exists():
        pytest.skip("this system has no /proc")
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1])


def test_clients_that_are_freed_leave_nothing(server: Server) -> None:
    token = server.issue()

    def use(count: int) -> None:
        for _ in range(count):
            with oauth2.Auth(server.api, token, **server.client, token_updater=lambda _: None) as auth:
                assert auth.request("get", "x").status_code == 200

    use(1000)
    before = resident_kib()
    use(9000)
    after = resident_kib()
    print(f"{before} KiB after 1,000 clients, {after} KiB after 10,000")
    assert after - before < ALLOWED_KIB


def test_clients_of_tasks_that_are_freed_leave_nothing(server: Server) -> None:
    token = server.issue()

    async def use(count: int) -> None:
        for _ in range(count):
            async with aio.oauth2.Auth(server.api, token, **server.client, token_updater=lambda _: None) as auth:
                assert (await auth.request("get", "x")).status == 200

    async def main() -> None:
        await use(1000)
        before = resident_kib()
        await use(9000)
        after = resident_kib()
        print(f"{before} KiB after 1,000 clients, {after} KiB after 10,000")
        assert after - before < ALLOWED_KIB

    asyncio.run(main())
