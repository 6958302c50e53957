"""Inspecting REST answers that were kept as files: a zip or folder of `<collection>.json`.

One file is in memory at a time: a JSON document cannot be judged in parts.
"""

from __future__ import annotations

from collections.abc import Iterator

from connectors.http_errors import decode_json
from connectors.oneroster.conformance import Deviations, Inspection
from connectors.oneroster.conformance_records import RecordJudge
from connectors.oneroster.conformance_references import ORDER, References
from connectors.oneroster.inspect_bundle import Bundle, no_roster
from connectors.oneroster.inspect_csv import EVERY, Progress
from domain.errors import SisbridgeError
from domain.oneroster import COLLECTIONS, SUBSET_COLLECTIONS, Version


def inspect_json(bundle: Bundle, progress: Progress, version: Version | None = None) -> Inspection:
    """Return what kept answers are and where they deviate; ContractBroken FL60 when none is OneRoster's."""
    names = {name.removesuffix(".json"): name for name in bundle.files if name.endswith(".json")}
    stems = [stem for stem in (*ORDER, *SUBSET_COLLECTIONS) if stem in names and _served(stem)]
    if not stems:
        raise no_roster(bundle.name)
    known = version or _version(bundle, names.get("users", ""))
    found = Deviations(known)
    references = References(found)
    counts: dict[str, int] = {}
    for stem in stems:
        progress(names[stem], 0)
        counts[stem] = _read(bundle, stem, names[stem], known, found, references, progress)
    references.finish()
    facts = [
        ("Kind", "OneRoster REST answers, kept in a " + ("zip" if bundle.zipped else "folder")),
        ("Version", known.value + ("" if version else " (by the shape of its users)")),
    ]
    return Inspection(bundle.name, known, facts, counts, found.all())


def _served(stem: str) -> bool:
    return bool(COLLECTIONS[SUBSET_COLLECTIONS.get(stem, stem)].envelope)


def _version(bundle: Bundle, users: str) -> Version:
    first = next(iter(_records(bundle, "users", users)[0]), None) if users else None
    return Version.V1P1 if isinstance(first, dict) and "role" in first else Version.V1P2


def _records(bundle: Bundle, stem: str, name: str) -> tuple[list[object], str]:
    """Return a file's records and the code of what is wrong with their envelope, if anything."""
    try:
        content = decode_json(b"".join(bundle.pieces(name)), "READ", name)
    except SisbridgeError:
        return [], "OR-E02"
    return unwrapped(content, stem)


def unwrapped(content: object, path: str) -> tuple[list[object], str]:
    """Return the records of an answer whatever wraps them, and the code of a wrong envelope or ""."""
    envelope = COLLECTIONS[SUBSET_COLLECTIONS.get(path, path)].envelope
    if isinstance(content, list):
        return content, "OR-E01"
    lists = (
        [(key, value) for key, value in content.items() if isinstance(value, list)]
        if isinstance(content, dict)
        else []
    )
    for wanted in (envelope, path):
        for key, value in lists:
            if key == wanted:
                return value, "" if key == envelope else "OR-E01"
    return [], "OR-E02"


def _read(
    bundle: Bundle, stem: str, name: str, version: Version, found: Deviations, references: References,
    progress: Progress,
) -> int:  # fmt: skip
    rows, fault = _records(bundle, stem, name)
    if fault:
        found.add(fault, name)
    collection = SUBSET_COLLECTIONS.get(stem, stem)
    if stem != collection:
        return len(rows)
    judge = RecordJudge(collection, name, version, found, references)
    for number in _judged(judge, rows):
        if number % EVERY == 0:
            progress(name, number)
    judge.end()
    references.end(collection, name)
    return len(rows)


def _judged(judge: RecordJudge, rows: list[object]) -> Iterator[int]:
    for number, row in enumerate(rows, 1):
        judge.judge(number, row)
        yield number
