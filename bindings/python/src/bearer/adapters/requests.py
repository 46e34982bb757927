"""requests.get(url, auth=BearerAuth(auth))"""

from __future__ import annotations

from typing import Any

from requests import PreparedRequest, Response
from requests.auth import AuthBase

from .._client import Base, Client
from . import client_of, collected


class BearerAuth(AuthBase):
    """Gives each request a valid token; after a 401 the token is renewed, and the request sent once more."""

    def __init__(self, auth: Client | Base) -> None:
        self.client = client_of(auth)

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        method, url = request.method or "GET", request.url or ""
        sent = self.client.authorization(method, url)
        request.headers.update(sent)
        body: Any = request.body
        start = body.tell() if hasattr(body, "tell") else None

        def after(response: Response, **kwargs: Any) -> Response:
            # The hook comes along to where a redirect leads, which has an answer of its own.
            if response.request.url != url or not self._sends_again(method, url, sent, response):
                return response
            if start is not None:
                body.seek(start)
            elif body is not None and not isinstance(body, (bytes, str)):
                return response
            _ = response.content
            response.close()
            again = response.request.copy()
            again.headers.update(self.client.authorization(method, url))
            answer: Response = response.connection.send(again, **kwargs)
            answer.history.append(response)
            answer.request = again
            return answer

        request.register_hook("response", after)  # type: ignore[no-untyped-call]
        return request

    def _sends_again(self, method: str, url: str, sent: dict[str, str], response: Response) -> bool:
        return self.client.feedback(method, url, sent, response.status_code, collected(response.headers.items()))
