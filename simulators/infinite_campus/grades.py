"""What Campus makes of a line item and a result that come in.

Source: the vendor's OneRosterAssignmentSyncTester (2017): calls and fields; knowledge base, grading services.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from simulators.dataset import Dataset
from simulators.infinite_campus.forms import is_open, is_task
from simulators.infinite_campus.manner import Manner
from simulators.oneroster.problems import ProblemError
from simulators.shapes import Record, reference

SCORE_GRADE = "ext_infiniteCampus_scoreGrade"
IS_ASSIGNMENT = "ext_infiniteCampus_isAssignmentResult"
RAW_SCORE = "ext_infiniteCampus_assignmentRawScore"
SCHOOL = "ext_infiniteCampus_schoolSourcedId"
UNCATEGORIZED = "uncategorized"


def uncategorized(dataset: Dataset, record: Any, at: datetime) -> Any:
    """Return a line item filed under a group of its own when it names no category (client)."""
    if not isinstance(record, dict) or "category" in record:
        return record
    if dataset.get("categories", UNCATEGORIZED) is None:
        dataset.add("categories", {"sourcedId": UNCATEGORIZED, "title": "Uncategorized"}, at)
    return {**record, "category": {"href": "", **reference("categories", UNCATEGORIZED)}}


def check_published(dataset: Dataset, line_item_id: str) -> None:
    """Refuse to change a grading task from outside: only Campus publishes them (code unconfirmed)."""
    if is_task(dataset.get("lineItems", line_item_id)):
        raise ProblemError(403, "forbidden", "a grading task is set up in Campus")


def shut(dataset: Dataset, record: Any) -> bool:
    """Return whether a result is for a grading task whose window is closed (grading)."""
    line_item = _line_item_of(dataset, record)
    return line_item is not None and is_task(line_item) and not is_open(line_item)


def stored_result(dataset: Dataset, record: Record, manner: Manner) -> Record:
    """Return a result as Campus keeps it: its own metadata beside the letter, percent in its digits."""
    line_item = _line_item_of(dataset, record)
    if line_item is None:
        return record
    task, score = is_task(line_item), record.get("score")
    metadata = {**(record.get("metadata") or {}), IS_ASSIGNMENT: str(not task).lower()}
    metadata[SCHOOL] = _school_of(dataset, line_item)
    if not task:
        return {**record, "metadata": {**metadata, RAW_SCORE: score}}
    if isinstance(score, int | float) and manner.decimals is not None:
        score = round(score, manner.decimals)
    if SCORE_GRADE not in metadata and isinstance(score, int | float):
        letter = next((said for least, said in manner.score_list if score >= least), "")
        metadata |= {SCORE_GRADE: letter} if letter else {}
    return {**record, "metadata": metadata} | ({} if score is None else {"score": score})


def letter_alone(record: Record, manner: Manner) -> bool:
    """Return whether a result is a letter without a percent, where Campus takes such (unconfirmed)."""
    return manner.letter_alone and bool((record.get("metadata") or {}).get(SCORE_GRADE))


def _line_item_of(dataset: Dataset, record: Any) -> Record | None:
    there = record.get("lineItem") if isinstance(record, dict) else None
    return dataset.get("lineItems", str(there.get("sourcedId"))) if isinstance(there, dict) else None


def _school_of(dataset: Dataset, line_item: Record) -> str:
    section = dataset.get("classes", line_item["class"]["sourcedId"]) or {}
    return str(section.get("school", {}).get("sourcedId", ""))
