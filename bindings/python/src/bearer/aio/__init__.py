"""The same for asyncio: no call blocks the event loop, and a task that is cancelled ends its call."""

from . import oauth2
from ._client import AbstractAuth, Auth, Client
from ._response import Response

__all__ = ["AbstractAuth", "Auth", "Client", "Response", "oauth2"]
