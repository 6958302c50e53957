"""Processes for districts side by side, forked from one that has imported everything and done nothing else.

A night's libraries take seconds to import, most of them Great Expectations'; that is paid once, however many
processes there are and however many die. The one they come from has opened no database and begun no thread
of Python's: a copy of open connections and threads would not work.
"""

from __future__ import annotations

import gc
import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import forkserver, get_context, parent_process
from threading import Thread

_IMPORTED = ["sisbridge.sync.workers", "validation.engine.runner"]


def begin_importing() -> None:
    """Start the process that the others come from, if it does not run; it imports while the caller goes on.

    It ends with the process that asked for it.
    """
    get_context("forkserver").set_forkserver_preload(_IMPORTED)
    forkserver.ensure_running()


def single() -> ProcessPoolExecutor:
    """Return an executor with one process, which has this process's environment as it is now.

    When this process dies, killed or not, that one ends too, in the middle of whatever it does.
    """
    begin_importing()
    return ProcessPoolExecutor(1, get_context("forkserver"), _begin, (dict(os.environ),))


def _begin(now: dict[str, str]) -> None:
    # It may have changed since the first process was started, and secrets may be in it.
    os.environ.clear()
    os.environ.update(now)
    # What was imported stays: looked through for garbage, it would be copied into every process.
    gc.freeze()
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    # Left alone, a process would wait for its next district for ever.
    if parent := parent_process():
        parent.join()
        os._exit(1)
