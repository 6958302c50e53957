"""The PowerSchool plugin of one district: it holds what the district's connectors need."""

from __future__ import annotations

from dataclasses import dataclass, field

from connectors.powerschool.plugin import (
    GRADE_ROUTES,
    Field,
    PluginChoice,
    fields_of,
    fields_page,
    plugin_zip,
)
from domain.ids import DistrictCode
from sisbridge.house import House
from sisbridge.sync.context import connector_of

_BY_PLUGIN = "powerschool_powerquery"


@dataclass(frozen=True, slots=True)
class MadePlugin:
    """A plugin as it is handed to a district: the ZIP, its fields, and a page about them."""

    choice: PluginChoice
    fields: tuple[Field, ...]
    content: bytes = field(repr=False)
    page: str = field(repr=False)


def powerschool_plugin(house: House, district: DistrictCode, publisher: str, contact: str) -> MadePlugin:
    """Return a district's plugin; the same district and settings give the same bytes.

    It reads rosters where the district is read by PowerQueries, or where no route for grades needs it for
    anything else; it may write only what the district's route for grades writes. Raises StopDistrict CF63
    for a publisher that PowerSchool would stumble over.
    """
    code = house.district(district).code
    roster, _ = connector_of(house, code, "roster")
    grades, _ = connector_of(house, code, "grades")
    route = grades.kind if grades is not None and grades.kind in GRADE_ROUTES else ""
    reads = not route or (roster is not None and roster.kind == _BY_PLUGIN)
    choice = PluginChoice(publisher=publisher, contact=contact, roster=reads, route=route)
    return MadePlugin(choice, fields_of(choice), plugin_zip(choice), fields_page(choice))
