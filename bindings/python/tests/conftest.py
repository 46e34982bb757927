"""The project's test server, whose ready line is in BEARER_TESTSERVER."""

from __future__ import annotations

import json
import os
from typing import Any
from urllib.request import Request, urlopen

import pytest


class Server:
    def __init__(self, ready: dict[str, Any]) -> None:
        self.url: str = ready["url"]
        self.api = self.url + "/api"
        self.fixed = self.url + "/fixed"
        self.client = {"client_id": ready["client_id"], "client_secret": ready["client_secret"]}
        self._control = ready["control"]

    def control(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        with urlopen(Request(f"{self._control}/{path}", data, method=method)) as answer:
            return json.load(answer)

    def issue(self, **members: Any) -> dict[str, Any]:
        token: dict[str, Any] = self.control("POST", "issue", members)
        return token

    def config(self, **members: Any) -> dict[str, Any]:
        return {"base_url": self.api, "client": self.client} | self.endpoint() | members

    def endpoint(self) -> dict[str, Any]:
        return {
            "server": {
                "token_endpoint": self.url + "/auth/token",
                "authorization_endpoint": self.url + "/auth/authorize",
                "revocation_endpoint": self.url + "/auth/revoke",
            }
        }

    def counted(self, name: str) -> int:
        count: int = self.control("GET", "state")[name]
        return count

    def hold(self, path: str) -> int:
        number: int = self.control("POST", "hold", {"path": path})["id"]
        return number

    def await_held(self, hold: int, at_least: int = 1) -> None:
        self.control("GET", f"held?id={hold}&at_least={at_least}")

    def release(self, hold: int) -> None:
        self.control("POST", "release", {"id": hold})


@pytest.fixture
def server() -> Server:
    server = Server(json.loads(os.environ["BEARER_TESTSERVER"]))
    server.control("POST", "reset", {})
    return server
