"""What the Dags' tasks do: open the house, call a use-case, say failures in Airflow's words.

Everything that knows a SIS, a rule or the store is imported inside the task that needs it: the scheduler
parses the Dags every few seconds, and a parse must stay cheap.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from domain.errors import RetryLater
from domain.ids import DistrictCode, RunId

if TYPE_CHECKING:
    from sisbridge.house import House

STAGES = ("pull", "normalize", "validate", "compare", "apply", "seats")
"""The stages of a night, as `sisbridge.sync.context.STAGES` has them (a test compares the two)."""

SIS_POOL = "sis"
"""Pool of the tasks that talk to a SIS: its slots are how many districts are asked at once."""

OUR_POOL = "default_pool"
"""Pool of the tasks that work on what we hold ourselves."""

log = logging.getLogger(__name__)


@contextmanager
def _house() -> Iterator[House]:
    """Open the house for one task, and turn our failures into Airflow's.

    A RetryLater goes on as it is (the retry policy reads it); every other one of ours ends the task for
    good. Causes are cut off: theirs may quote what a SIS sent.
    """
    from sisbridge.house import House
    from sisbridge.sync.unexpected import named

    try:
        house = House.open()
        try:
            yield house
        finally:
            house.close()
    except RetryLater as error:
        raise error from None
    except (AirflowFailException, AirflowSkipException):
        raise
    except Exception as error:  # noqa: BLE001 - an error's own text might hold a row
        known = named("The task", error)
        raise AirflowFailException(f"{known} {known.fix}".rstrip()) from None


def due_districts(only: Sequence[str] = ()) -> list[str]:
    """Return the codes of the districts to sync tonight; `only` narrows them to the codes it names.

    A district whose pulls pause today, or that does not say so clearly, gets its run row here and is left
    out.

    Raises AirflowFailException when `only` names a district that is not due.
    """
    from sisbridge.sync import night

    with _house() as house:
        due = house.districts()
        unknown = sorted(set(only) - set(due))
        if unknown:
            raise AirflowFailException(f"not among the districts to sync: {', '.join(unknown)}")
        return list(night.due(house, [code for code in due if not only or code in only]))


def all_districts() -> list[str]:
    """Return the codes of all districts, whether their pulls pause or not."""
    with _house() as house:
        return list(house.districts())


def begin(district: str) -> str:
    """Open a district's run and return its id."""
    from sisbridge.sync import night

    with _house() as house:
        return night.begin(house, DistrictCode(district))


def step(district: str, run_id: str, stage: str) -> None:
    """Run one stage of a district's night."""
    from sisbridge.sync import night

    with _house() as house:
        night.step(house, DistrictCode(district), RunId(run_id), stage)


def finish(district: str, run_id: str) -> None:
    """Close a district's run."""
    from sisbridge.sync import night

    with _house() as house:
        night.finish(house, DistrictCode(district), RunId(run_id))


def count_outcomes(codes: Sequence[str] | None, run_ids: Sequence[str | None]) -> None:
    """Log how the districts' runs ended, from the store.

    codes: the districts visited, or None when they could not be listed. run_ids: their runs in the same
    order, None where a run could not even begin. Raises AirflowFailException when the districts could
    not be listed, or when a larger share of them did not finish than the settings allow.
    """
    if codes is None:
        raise AirflowFailException("The districts could not be listed: see the task `districts`.")
    with _house() as house:
        ended = [_ended(house, code, run_id) for code, run_id in zip(codes, run_ids, strict=True)]
        allowed = house.settings.stopped_share_that_fails
    log.info("Runs of %d districts: %s", len(codes), dict(Counter(ended)))
    unfinished = [code for code, how in zip(codes, ended, strict=True) if how != "finished"]
    if len(unfinished) > allowed * len(codes):
        raise AirflowFailException(
            f"{len(unfinished)} of {len(codes)} districts did not finish tonight: {', '.join(unfinished)}. "
            "So many at once is seldom their doing: look at the network and at our own services first."
        )


def _ended(house: House, district: str, run_id: str | None) -> str:
    """Return how a run ended in the store's own word, or "not begun"."""
    from sisbridge.store import runs

    if run_id is None:
        return "not begun"
    with house.store.read() as conn:
        return runs.get(conn, DistrictCode(district), RunId(run_id)).state


def skip_unless_grades_wait() -> None:
    """Return when released grades wait for delivery; otherwise raise AirflowSkipException."""
    if not districts_with_grades():
        raise AirflowSkipException("no released grade waits for delivery")


def districts_with_grades() -> list[str]:
    """Return the codes of the districts with released, undelivered grades."""
    from sisbridge.sync.grades import writeback

    with _house() as house:
        return list(writeback.districts_with_items(house))


def deliver(district: str) -> None:
    """Deliver a district's released grades and log how many came to which outcome."""
    from sisbridge.sync.grades import writeback

    with _house() as house:
        counts = writeback.deliver(house, DistrictCode(district))
    log.info("Delivered to %s: %s", district, counts.as_dict())


def retain(district: str) -> None:
    """Delete a district's raw data past its days and log how many snapshots that was."""
    from sisbridge.sync.retain import retain as retain_district

    with _house() as house:
        done = retain_district(house, DistrictCode(district))
    log.info("Deleted of %s: %d snapshots older than %d days", district, done.snapshots, done.days)
