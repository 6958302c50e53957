"""A OneRoster gradebook that costs nothing but its latency: it keeps what is put, and counts its calls."""

from __future__ import annotations

import argparse
import asyncio
from collections import Counter
from contextlib import AbstractContextManager
from typing import Any

import orjson
from aiohttp import web

from bench.serving import answer_until_input_ends, served_by

_CATEGORY = {"sourcedId": "final", "status": "active", "title": "Final Grade"}

Records = dict[str, dict[str, object]]


class Gradebook:
    """Line items and results by id, and the calls made so far by kind."""

    def __init__(self) -> None:
        self._line_items: Records = {}
        self._results: dict[str, Records] = {}
        self._calls: Counter[str] = Counter()

    def answer(self, method: str, path: list[str], filter_: str, body: bytes) -> tuple[int, dict[str, Any]]:
        """Return code and JSON of one call."""
        self._calls[f"{method} {path[0] if len(path) < 3 else path[2]}"] += 1
        match (method, *path):
            case ("GET", "calls"):
                return 200, dict(self._calls)
            case ("GET", "categories"):
                return 200, {"categories": [_CATEGORY]}
            case ("GET", "lineItems"):
                title = filter_.removeprefix("title='").removesuffix("'")
                return 200, {"lineItems": [one for one in self._line_items.values() if one["title"] == title]}
            case ("GET", "lineItems", number):
                record = self._line_items.get(number)
                return (200, {"lineItem": record}) if record else (404, {})
            case ("PUT", "lineItems", number):
                self._line_items[number] = orjson.loads(body)["lineItem"]
                return 201, {}
            case ("PUT", "results", number):
                result = orjson.loads(body)["result"]
                self._results.setdefault(result["class"]["sourcedId"], {})[number] = result
                return 201, {}
            case ("GET", "classes", class_id, "results"):
                return 200, {"results": list(self._results.get(class_id, {}).values())}
        return 404, {}


async def _serve(latency: float) -> None:
    gradebook = Gradebook()

    async def answer(request: web.Request) -> web.Response:
        # What the server itself works comes out of its latency, as it would at a real one.
        due = asyncio.get_running_loop().time() + latency
        path = request.path.strip("/").split("/")
        body = await request.read()
        code, content = gradebook.answer(request.method, path, request.query.get("filter", ""), body)
        rows = next((value for value in content.values() if isinstance(value, list)), [])
        headers = {"X-Total-Count": str(len(rows))}
        # Every list fits one page: what comes after it is nothing.
        del rows[: int(request.query.get("offset", "0"))]
        await asyncio.sleep(due - asyncio.get_running_loop().time())
        return web.Response(
            status=code, body=orjson.dumps(content), content_type="application/json", headers=headers
        )

    app = web.Application(client_max_size=2**24)
    app.router.add_route("*", "/{path:.*}", answer)
    await answer_until_input_ends(app)


def running(latency: float) -> AbstractContextManager[str]:
    """Run a gradebook in a process of its own; yield its address."""
    return served_by("bench.gradebook_provider", latency)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("latency", type=float)
    asyncio.run(_serve(parser.parse_args().latency))
