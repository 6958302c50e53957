"""What grade sinks share: sending some at a time, stopping once it is no use, and the receipt of a write."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from typing import TypeVar

from connectors.http import Answer, HttpClient, Request
from domain.clock import Clock
from domain.errors import RetryLater, SisbridgeError
from domain.grading import GradeValue, OutboxItem, Outcome, Receipt

T = TypeVar("T")

UNCLEAR = 3
"""Unclear answers in a row after which nothing more is sent, unless more than that are on their way."""


def send_each(
    client: HttpClient, writes: Sequence[tuple[T, Request]], in_flight: int
) -> Generator[tuple[T, Answer | SisbridgeError], None, None]:
    """Yield each write's owner and answer as it comes; stop sending, then raise, once it is no use.

    Raises what stops a district, or RetryLater when nothing but unclear answers come, after all that was
    on its way has been answered.
    """
    owners = {id(request): owner for owner, request in writes}
    stop: list[SisbridgeError] = []
    unclear = 0

    def feed() -> Iterator[Request]:
        for _, request in writes:
            if stop:
                return
            yield request

    with closing(client.each(feed(), in_flight)) as answers:
        for request, answer in answers:
            if isinstance(answer, SisbridgeError) and not isinstance(answer, RetryLater):
                stop.append(answer)
                continue
            unclear = unclear + 1 if isinstance(answer, RetryLater) else 0
            if isinstance(answer, RetryLater) and unclear >= max(UNCLEAR, in_flight):
                stop.append(answer)
            yield owners[id(request)], answer
    if stop:
        raise stop[0]


def receipt_of(
    clock: Clock, item: OutboxItem, outcome: Outcome, error: SisbridgeError | None,
    sent: GradeValue | None = None, remote: str = "",
) -> Receipt:  # fmt: skip
    """Return the receipt of one item, in the words of the error if there was one. clock: the sink's."""
    message, fix = (error.message, error.fix) if error else ("", "")
    return Receipt(
        item.item_id, item.attempts, clock(), outcome, sent=sent, remote=remote, message=message, fix=fix
    )
