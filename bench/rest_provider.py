"""A OneRoster server that costs nothing but its latency: pages made beforehand, sent as they are."""

from __future__ import annotations

import argparse
import asyncio
from contextlib import AbstractContextManager

import orjson
from aiohttp import web

from bench.serving import answer_until_input_ends, served_by

_JSON = "application/json"


def user(number: int) -> dict[str, object]:
    """Return a made-up user of OneRoster 1.2 with the fields that a pull asks for, about 500 bytes."""
    sourced_id = f"{number:08d}-5e1f-4f0e-9d51-{number * 7919:012d}"
    return {
        "sourcedId": sourced_id,
        "status": "active",
        "dateLastModified": f"2026-01-{number % 28 + 1:02d}T04:05:06.000Z",
        "userMasterIdentifier": f"M{number}",
        "username": f"user.{number}",
        "userIds": [{"type": "SIS", "identifier": str(number)}],
        "enabledUser": "true",
        "givenName": f"Given{number % 997}",
        "familyName": f"Family{number % 4999}",
        "middleName": "",
        "identifier": str(900_000_000 + number),
        "email": f"user.{number}@sample.example",
        "grades": [f"{number % 12 + 1:02d}"],
        "roles": [{"roleType": "primary", "role": "student", "org": _school(number)}],
        "primaryOrg": _school(number),
    }


def _school(number: int) -> dict[str, str]:
    return {"sourcedId": f"school-{number % 40}", "type": "org", "href": f"../orgs/school-{number % 40}"}


def serve(users: int, page_size: int, latency: float) -> None:
    """Serve that many users on a free port, told on standard output, until standard input ends."""
    asyncio.run(_serve(_pages(users, page_size), users, page_size, latency))


def _pages(users: int, page_size: int) -> list[bytes]:
    bounds = ((start, min(start + page_size, users)) for start in range(0, users, page_size))
    return [orjson.dumps({"users": [user(number) for number in range(*bound)]}) for bound in bounds]


async def _serve(pages: list[bytes], users: int, page_size: int, latency: float) -> None:
    async def answer(request: web.Request) -> web.Response:
        # What the server itself works comes out of its latency, as it would at a real one.
        due = asyncio.get_running_loop().time() + latency
        number = int(request.query["offset"]) // page_size
        headers = {"X-Total-Count": str(users)}
        if number + 1 < len(pages):
            following = f"limit={page_size}&offset={(number + 1) * page_size}"
            headers["Link"] = f'<{request.url.origin()}{request.path}?{following}>; rel="next"'
        body = pages[number] if number < len(pages) else b'{"users":[]}'
        await asyncio.sleep(due - asyncio.get_running_loop().time())
        return web.Response(body=body, content_type=_JSON, headers=headers)

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    await answer_until_input_ends(app)


def running(users: int, page_size: int, latency: float) -> AbstractContextManager[str]:
    """Run a provider in a process of its own; yield its address."""
    return served_by("bench.rest_provider", users, page_size, latency)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("users", type=int)
    parser.add_argument("page_size", type=int)
    parser.add_argument("latency", type=float)
    serve(**vars(parser.parse_args()))
