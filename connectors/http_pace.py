"""Keeping to what a server wants: a pause between two requests, and few of them at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Pace:
    """Turns taken one at a time, each a pause after the end of the one before; no pause, no turns."""

    def __init__(self, pause: float) -> None:
        """Remember the pause, in seconds."""
        self._pause = pause
        self._turn = asyncio.Lock()
        self._next = 0.0

    def follow(self, earlier: Pace) -> None:
        """Go on from an earlier pace to the same server: its last answer counts for ours too."""
        self._next = earlier._next

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn and hold it.

        The pause runs from the last answer: counted from our sending, a slow line could let two requests
        arrive closer together than they were sent.
        """
        if not self._pause:
            yield
            return
        async with self._turn:
            await asyncio.sleep(max(0.0, self._next - time.monotonic()))
            try:
                yield
            finally:
                self._next = time.monotonic() + self._pause


class Place:
    """One of the few places on the way to a server: kept from try to try, left once an answer is there."""

    def __init__(self, free: asyncio.Semaphore) -> None:
        """Remember where free places are found; none is taken yet."""
        self._free = free
        self._taken = False

    async def take(self) -> None:
        """Wait for a free place, unless we still have one."""
        if not self._taken:
            await self._free.acquire()
            self._taken = True

    def leave(self) -> None:
        """Give our place to the next, if we have one."""
        if self._taken:
            self._taken = False
            self._free.release()
