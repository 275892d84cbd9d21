"""Raw requests, for what a well-behaved client cannot send."""

import json
from typing import Any, NamedTuple

import aiohttp


class Answer(NamedTuple):
    """Status, headers and decoded body of an answer."""

    status: int
    headers: dict[str, str]
    body: Any


async def ask(
    url: str, method: str, path: str, data: Any = None, headers: dict[str, str] | None = None, **options: Any
) -> Answer:
    """The answer to one request; a dict or list is sent as JSON, bytes and iterators as they are."""
    if isinstance(data, dict | list):
        data = json.dumps(data).encode()
        headers = {"content-type": "application/json"} | (headers or {})
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, url + path, data=data, headers=headers, **options) as response,
    ):
        content = await response.read()
        is_json = "json" in response.headers.get("content-type", "")
        lowered = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status, lowered, json.loads(content) if is_json and content else content)


def assert_refused(answer: Answer, status: int, code: int) -> None:
    """The answer is the envelope of this error, and tells what to do."""
    assert (answer.status, answer.body.get("code")) == (status, code), answer
    assert set(answer.body) == {"code", "name", "message", "nextStep", "requestId"}
    assert answer.body["message"]
    assert answer.body["nextStep"]
    assert answer.body["requestId"] == answer.headers["x-request-id"]
