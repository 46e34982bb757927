"""Time and memory of a request with a valid token, here and by the libraries that Python programs use otherwise.

BEARER_TESTSERVER has the test server's ready line, as for the tests. Beside what the tests take it takes requests_oauthlib.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.request import Request, urlopen

os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
READY = json.loads(os.environ["BEARER_TESTSERVER"])
API = READY["url"] + "/api"
ROUNDS, REQUESTS = 9, 100


def issue() -> dict[str, Any]:
    with urlopen(Request(READY["control"] + "/issue", b"{}", method="POST")) as answer:
        token: dict[str, Any] = json.load(answer)
        return token


def bearer_blocking(token: dict[str, Any]) -> Callable[[], object]:
    from bearer.oauth2 import Auth

    auth = Auth(API, token, READY["client_id"], READY["client_secret"])
    return lambda: auth.request("get", "x").json()


def requests_oauthlib(token: dict[str, Any]) -> Callable[[], object]:
    from requests_oauthlib import OAuth2Session

    session = OAuth2Session(READY["client_id"], token=token)
    return lambda: session.get(API + "/x").json()


async def bearer_aio(token: dict[str, Any]) -> Callable[[], Awaitable[object]]:
    from bearer.aio.oauth2 import Auth

    auth = Auth(API, token, READY["client_id"], READY["client_secret"])

    async def ask() -> object:
        return await (await auth.request("get", "x")).json()

    return ask


async def aiohttp(token: dict[str, Any]) -> Callable[[], Awaitable[object]]:
    from aiohttp import ClientSession

    session = ClientSession()
    headers = {"authorization": "Bearer " + token["access_token"]}

    async def ask() -> object:
        async with session.get(API + "/x", headers=headers) as answer:
            return await answer.json()

    return ask


def resident_kib() -> int:
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def alone(name: str) -> None:
    """What the modules, a client and its first requests take of a new process."""
    before = resident_kib()
    if name in ("bearer_blocking", "requests_oauthlib"):
        ask = globals()[name](issue())
        for _ in range(20):
            ask()
        print(resident_kib() - before)
    else:

        async def main() -> None:
            ask = await globals()[name](issue())
            for _ in range(20):
                await ask()
            print(resident_kib() - before, flush=True)
            os._exit(0)

        asyncio.run(main())


def memory(name: str) -> int:
    command = [sys.executable, __file__, name]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


async def main() -> None:
    token = issue()
    blocking = [bearer_blocking(token), requests_oauthlib(token)]
    awaited = [await bearer_aio(token), await aiohttp(token)]
    times: list[list[float]] = [[], [], [], []]
    # Taking turns, so that whatever else the machine does falls on all.
    for _ in range(ROUNDS):
        for index, ask in enumerate(blocking):
            begun = time.perf_counter()
            for _ in range(REQUESTS):
                ask()
            times[index].append((time.perf_counter() - begun) / REQUESTS)
        for index, wait in enumerate(awaited, 2):
            begun = time.perf_counter()
            for _ in range(REQUESTS):
                await wait()
            times[index].append((time.perf_counter() - begun) / REQUESTS)
    names = ["bearer_blocking", "requests_oauthlib", "bearer_aio", "aiohttp"]
    medians = [statistics.median(each) for each in times]
    kib = [memory(name) for name in names]
    for name, median, each in zip(names, medians, kib):
        print(f"{name:20} {median * 1e6:8.0f} us {each:8} KiB")
    for one, other in ((0, 1), (2, 3)):
        print(f"{names[one]} / {names[other]}: time {medians[one] / medians[other]:.2f}, memory {kib[one] / kib[other]:.2f}")
    os._exit(0)


if len(sys.argv) > 1:
    alone(sys.argv[1])
else:
    asyncio.run(main())
