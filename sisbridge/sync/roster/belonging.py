"""Whether a roster is the district's own: its orgs against what the region file says of the district."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa

from connectors.protocol import CheckStep, SeenOrgs
from domain.errors import SisbridgeError, StopDistrict
from domain.model import District
from domain.tables import RosterTable
from mappings import maps
from mappings import normalize as normalizing
from mappings.adapting import adapted
from sisbridge.sync.context import Stage, mapping_of, raw_name
from validation.belonging import Belonging, belonging, foreign_orgs

_NAMES = ("sourced_id", "type", "identifier")


def expected_of(district: District) -> list[str]:
    """Return the identifiers by which a district's own org may go; none when nobody has said any.

    The setting `expected_org_identifiers`, else the district's `lea_identifier`. Raises StopDistrict CF84
    for a setting that is no list of texts.
    """
    chosen = district.settings.get("expected_org_identifiers")
    if chosen is None:
        return [district.lea_identifier] if district.lea_identifier else []
    if not isinstance(chosen, list) or not all(isinstance(one, str) for one in chosen):
        raise StopDistrict(
            "CF84",
            f"The setting expected_org_identifiers of district {district.code} has to be a list of texts.",
            fix='Write it as ["1805250"] in the district\'s settings and load the region file again.',
            place="settings: expected_org_identifiers",
        )
    return [str(one) for one in chosen]


def refuse_strangers(stage: Stage, roster_maps: maps.RosterMaps, source_table: str) -> None:
    """Stop the district when the orgs that just landed are another district's, before any person is read.

    Raises StopDistrict CN20, or CF84 as `expected_of`. A source table without orgs proves nothing.
    """
    if RosterTable.ORGS not in roster_maps.sources.get(source_table, ()):
        return
    expected = expected_of(stage.district)
    raw = stage.read(raw_name(source_table)) if expected else iter(())
    for finding in foreign_orgs(expected, _rows(_canonical(roster_maps, source_table, raw))):
        raise StopDistrict(finding.rule, finding.message, fix=finding.fix, place=finding.place)


def district_step(district: District, seen: SeenOrgs | None) -> CheckStep:
    """Return the step of a check that proves whose connection it is; a foreign one fails."""
    name = "district"
    if seen is None:
        return CheckStep(name, "skipped", "not tried, because no orgs were read")
    try:
        expected = expected_of(district)
        roster_maps = maps.maps_for(seen.version, mapping_of(district))
        orgs = _rows(_canonical(roster_maps, seen.source_table, seen.batches))
    except SisbridgeError as error:
        return CheckStep(name, "failed", f"{error.code}: {error.message}", error.fix)
    verdict = belonging(expected, orgs)
    if verdict is Belonging.PROVEN:
        return CheckStep(name, "passed", f"the orgs are those of {' or '.join(expected)}")
    if verdict is Belonging.FOREIGN:
        (finding,) = foreign_orgs(expected, orgs)
        return CheckStep(name, "failed", f"{finding.rule}: {finding.message}", finding.fix)
    return CheckStep(name, "passed", _untold(expected))


def _untold(expected: list[str]) -> str:
    if not expected:
        return "not proven: say lea_identifier or expected_org_identifiers in the region file"
    return f"not proven: no district org says whether it is {' or '.join(expected)}"


def _canonical(
    roster_maps: maps.RosterMaps, source_table: str, batches: Iterable[pa.RecordBatch]
) -> Iterable[pa.RecordBatch]:
    for batch in batches:
        for name, part in adapted(roster_maps, source_table, batch).parts:
            for made in normalizing.normalize(roster_maps, name, part):
                if made.table is RosterTable.ORGS:
                    yield made.batch


def _rows(batches: Iterable[pa.RecordBatch]) -> list[dict[str, str | None]]:
    return [row for batch in batches for row in batch.select(list(_NAMES)).to_pylist()]
