"""When a failed task may try again: only when the other side said, or showed, that it is busy."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from airflow.sdk import RetryDecision, RetryPolicy

from domain.errors import RetryLater

if TYPE_CHECKING:
    from airflow.sdk import Context

LONGEST_WAIT = timedelta(hours=1)
"""A SIS that asks for a longer pause is asked again after this one: the night has to end."""


class RetryAsAsked(RetryPolicy):
    """Retry a RetryLater, as late as the other side asked for; fail at once for anything else.

    Without a wait asked for, the task's own `retry_delay` and its backoff hold. A worker that was killed
    raises nothing here: Airflow retries it by the task's count.
    """

    def evaluate(
        self, exception: BaseException, try_number: int, max_tries: int, context: Context | None = None
    ) -> RetryDecision:
        """Return what to do after a failure; runs in the task's process."""
        if not isinstance(exception, RetryLater):
            return RetryDecision.fail(reason=f"{type(exception).__name__} does not pass by waiting")
        if exception.retry_after is None:
            return RetryDecision.default()
        wait = min(timedelta(seconds=exception.retry_after), LONGEST_WAIT)
        return RetryDecision.retry(delay=wait, reason=f"{exception.code}: asked to wait")


DEFAULT_ARGS = {
    "owner": "sisbridge",
    "retries": 3,
    "retry_delay": timedelta(minutes=5),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(hours=1),
    "retry_policy": RetryAsAsked(),
    "execution_timeout": timedelta(hours=3),
}
"""How a task that talks to a SIS is tried."""
