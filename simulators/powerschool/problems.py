"""Refusals in PowerSchool's words: a message, and the fields it is about."""

from __future__ import annotations

import orjson
from aiohttp import web


class Refusal(Exception):
    """A request that is refused: code, message, and the fields that are wrong or not granted."""

    def __init__(self, code: int, message: str, *fields: str) -> None:
        super().__init__(message)
        self.code, self.message, self.fields = code, message, fields


def answer(body: object, code: int = 200) -> web.Response:
    """Return a JSON answer."""
    return web.Response(body=orjson.dumps(body), status=code, content_type="application/json")


def refused(refusal: Refusal) -> web.Response:
    """Return the answer to what is refused."""
    errors = [{"field": field, "error": refusal.message} for field in refusal.fields]
    return answer({"message": refusal.message, **({"errors": errors} if errors else {})}, refusal.code)
