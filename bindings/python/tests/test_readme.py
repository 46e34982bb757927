"""README.md's programs run as they stand there, in an empty folder."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

from conftest import Server

BLOCKS = re.findall(r"```python\n(.*?)```", (Path(__file__).parent.parent / "README.md").read_text(), re.S)


def run(folder: Path, *arguments: str) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("BEARER_", "PYTHON"))}
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_quick_start(server: Server, tmp_path: Path) -> None:
    server.control("POST", "client", {"client_id": "my-app", "client_secret": "change-me"})
    before = server.issue(client_id="my-app", expired=True)
    (tmp_path / "quickstart.py").write_text(BLOCKS[0])
    (tmp_path / "token.json").write_text(json.dumps(before))
    assert run(tmp_path, "quickstart.py", server.url, "api/lights").startswith("200 {")
    assert json.loads((tmp_path / "token.json").read_text())["access_token"] != before["access_token"]
    assert run(tmp_path, "quickstart.py", server.url, "api/lights").startswith("200 {")
    assert server.counted("refreshes") == 1


def test_asyncio(server: Server, tmp_path: Path) -> None:
    token = server.issue()["access_token"]
    program = BLOCKS[1].replace("2YotnFZFEjr1zCsicMWpAA", token) + f"\n\nasyncio.run(main({server.api!r}))\n"
    (tmp_path / "program.py").write_text(program)
    assert run(tmp_path, "program.py").startswith("200 {")


def test_the_rest_is_python() -> None:
    for block in BLOCKS:
        ast.parse(block)
