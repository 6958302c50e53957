"""The score scale that the line items of a class refer to, made where a district says what it holds.

Source: OneRoster 1.2 gradebook REST binding, putScoreScale; the standard knows no POST for it.
"""

from __future__ import annotations

import orjson

from connectors.http import HttpClient, Request
from connectors.oneroster.envelope import sourced_id_of
from connectors.oneroster.flatten import text_of
from connectors.oneroster.remote_ids import allocated
from connectors.oneroster.results import GradebookForm
from connectors.oneroster.settings import address
from connectors.oneroster.titled import Record, standing, titled
from domain.clock import Clock
from domain.errors import StopDistrict
from domain.ids import DistrictCode, fixed_id
from domain.oneroster import Service

PERMISSION = "writing score scales (scope gradebook.createput)"


class ScoreScales:
    """Finds the score scale of each class, and makes one under a fixed id where settings give its values."""

    def __init__(self, form: GradebookForm, client: HttpClient, district: DistrictCode, clock: Clock) -> None:
        """Remember where the gradebook is; nothing is sent yet."""
        self._form = form
        self._client = client
        self._district = district
        self._clock = clock
        self._standing: list[Record] | None = None

    def of(self, class_sourced_id: str) -> str | None:
        """Return the scale for a class: the one set, else its own of the title set, made if wanted, or None.

        Raises what `HttpClient` raises, and StopDistrict WB45 when the gradebook lets us make none.
        """
        settings = self._form.settings
        if not settings.score_scale_title:
            return settings.score_scale_id or None
        if self._standing is None:
            self._standing = standing(settings, self._client, "scoreScales")
        own = (one for one in self._standing if text_of(one.get("class")) == class_sourced_id)
        found = next(map(sourced_id_of, titled(own, settings.score_scale_title)), None)
        return found or (self._make(class_sourced_id) if settings.score_scale_values else None)

    def _make(self, class_sourced_id: str) -> str:
        settings = self._form.settings
        ours = fixed_id("score-scale", self._district, class_sourced_id, settings.score_scale_title)
        record = self._form.score_scale(class_sourced_id, ours, self._clock())
        url = address(settings.root(Service.GRADEBOOK), "scoreScales", ours)
        body = orjson.dumps({"scoreScale": record})
        answer = self._client.send(
            Request("PUT", url, body=body, permission=PERMISSION, mark="sis:put-score-scale")
        )
        if answer.code not in (200, 201, 204):
            raise StopDistrict(
                "WB45",
                f"The gradebook does not let us add the score scale {settings.score_scale_title}",
                fix="Create it in the SIS for each class, or leave score_scale_values out",
                place="/scoreScales",
            )
        theirs = allocated(answer, "scoreScales", ours, {"class": class_sourced_id}) or ours
        assert self._standing is not None
        self._standing.append(record | {"sourcedId": theirs})
        return theirs
