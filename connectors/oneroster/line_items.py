"""Making sure that the category and the line items our grades need are there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing

import orjson

from connectors.http import Answer, HttpClient, Request
from connectors.oneroster.envelope import record_of, sourced_id_of
from connectors.oneroster.flatten import text_of
from connectors.oneroster.gradebook_reads import READING
from connectors.oneroster.lists import ListReader, Question, all_records
from connectors.oneroster.remote_ids import RemoteIds, allocated
from connectors.oneroster.results import GradebookForm, same_line_item
from connectors.oneroster.score_scales import ScoreScales
from connectors.oneroster.settings import OneRosterGradebookSettings, address
from connectors.oneroster.titled import standing, titled
from domain.clock import Clock, utc_text
from domain.errors import RowRejected, SisbridgeError, StopDistrict
from domain.grading import LineItemSpec
from domain.ids import DistrictCode, LineItemId, fixed_id
from domain.oneroster import Service

PERMISSION = "writing line items (scope gradebook.createput)"
CREATION = "creating line items and results (scope gradebook.createpost)"

_FEW = 3
"""Up to this many line items of one title are asked for one by one."""

Record = Mapping[str, object]


class LineItems:
    """Writes what is lacking or differs. Safe to repeat: ids are fixed, or looked up before a POST."""

    def __init__(
        self, settings: OneRosterGradebookSettings, form: GradebookForm, client: HttpClient,
        district: DistrictCode, clock: Clock, ids: RemoteIds,
    ) -> None:  # fmt: skip
        self._settings = settings
        self._form = form
        self._client = client
        self._district = district
        self._clock = clock
        self._ids = ids
        self._root = settings.root(Service.GRADEBOOK)
        self._categories: list[Record] | None = None
        self._scales = ScoreScales(form, client, district, clock)

    def ensure(
        self, specs: Sequence[LineItemSpec], held: Mapping[LineItemId, Record | None]
    ) -> dict[LineItemId, RowRejected]:
        """Write each line item that is absent or differs from what is held; return those the SIS refuses.

        held: what `look_up` found. Raises StopDistrict and RetryLater once everything on its way has been
        answered.
        """
        wanted: list[tuple[LineItemSpec, Request]] = []
        for spec in specs:
            there, body = held[spec.line_item_id], self._form.line_item(spec, "", self._clock())
            if there is None or not same_line_item(body, there):
                category = text_of(there.get("category")) if there else None
                scale = self._scales.of(spec.class_sourced_id)
                if scale is None and there:
                    scale = text_of(there.get("scoreScale"))
                body = self._form.line_item(
                    spec, category or self._category(spec), self._clock(), scale or ""
                )
                wanted.append((spec, self._write(spec, body, there is None)))
        return {
            spec.line_item_id: _refused(spec, answer.code)
            for spec, answer in self._send(wanted)
            if not self._made(spec, answer)
        }

    def look_up(self, specs: Sequence[LineItemSpec]) -> dict[LineItemId, Record | None]:
        """Return the line item that stands for each, None for one that is absent or was deleted.

        Where many have one title they are asked for by it, in one list; else one by one, as is every line
        item that we know was made and that the list does not show: somebody may have renamed it. One that we
        made is absent only when its class's list lacks it too: all its grades would be sent once more.
        """
        shown = self._by_title(specs) if self._in_lists(specs) else None
        held: dict[LineItemId, Record | None] = {}
        if shown is None:
            self._find(specs)
            held |= self._held(specs)
        else:
            self._recognise(specs, shown)
            held |= self._among(specs, shown)
            held |= self._held(self._missed(specs, held))
        return held | self._listed(self._missed(specs, held))

    def _missed(
        self, specs: Sequence[LineItemSpec], held: Mapping[LineItemId, Record | None]
    ) -> list[LineItemSpec]:
        """Return the line items that we know were made and that were not seen."""
        return [s for s in specs if held[s.line_item_id] is None and self._ids.find(s.line_item_id)]

    def _among(
        self, specs: Sequence[LineItemSpec], shown: Sequence[Record]
    ) -> dict[LineItemId, Record | None]:
        by_id = {sourced_id_of(one): one for one in shown if one.get("status") != "tobedeleted"}
        return {spec.line_item_id: by_id.get(self._ids.of(spec.line_item_id)) for spec in specs}

    def _listed(self, specs: Sequence[LineItemSpec]) -> dict[LineItemId, Record | None]:
        """Return the line items as their classes' lists show them; none where there is no such list."""
        try:
            return self._among(specs, self._of_classes(specs))
        except StopDistrict as error:
            if error.code != "CN05":
                raise
            return {}

    def _in_lists(self, specs: Sequence[LineItemSpec]) -> bool:
        titles = {self._form.title(spec) for spec in specs}
        # The standard's filters know no way to write an apostrophe inside a text.
        return len(specs) > _FEW * len(titles) and not any("'" in title for title in titles)

    def _by_title(self, specs: Sequence[LineItemSpec]) -> list[Record] | None:
        """Return the line items of the specs' titles; None when the SIS has no such list."""
        lists = ListReader(self._client, self._settings.page_size, self._settings.in_flight)
        shown: list[Record] = []
        for title in sorted({self._form.title(spec) for spec in specs}):
            question = Question(
                url=address(self._root, "lineItems"), place="/lineItems", path="lineItems",
                permission=READING, filter=f"title='{title}'",
            )  # fmt: skip
            try:
                found = list(all_records(question, lists.read(question)))
            except StopDistrict as error:
                if error.code != "CN05":
                    raise
                return None
            shown += found
            if any(one.get("title") != title for one in found):
                # The filter was not kept to: this is every line item there is.
                break
        return shown

    def _find(self, specs: Sequence[LineItemSpec]) -> None:
        """Learn the ids of line items that a POST made without our hearing of it, by what they look like."""
        lost = [spec for spec in specs if self._ids.find(spec.line_item_id) is None]
        if self._settings.write_by == "post" and lost:
            self._recognise(lost, self._of_classes(lost))

    def _of_classes(self, specs: Sequence[LineItemSpec]) -> list[Record]:
        """Return all line items of some line items' classes."""
        questions = [self._of_class(name) for name in sorted({spec.class_sourced_id for spec in specs})]
        lists = ListReader(self._client, self._settings.page_size, self._settings.in_flight)
        return [one for question, whole in lists.read_many(questions) for one in all_records(question, whole)]

    def _recognise(self, specs: Sequence[LineItemSpec], records: Sequence[Record]) -> None:
        """Learn the ids of line items that are not known yet among some of the SIS's."""
        lost = [spec for spec in specs if self._ids.find(spec.line_item_id) is None]
        for spec in lost if self._settings.write_by == "post" else ():
            body = self._form.line_item(spec, "", self._clock())
            same = (sourced_id_of(one) for one in records if same_line_item(body, one))
            for theirs in filter(None, same):
                self._ids.learn(spec.line_item_id, theirs)

    def _of_class(self, name: str) -> Question:
        return Question(
            url=address(self._root, "classes", name, "lineItems"),
            place=f"/classes/{name}/lineItems",
            path="lineItems",
            permission=READING,
            may_be_absent=True,
            short=True,
        )

    def _write(self, spec: LineItemSpec, body: dict[str, object], is_new: bool) -> Request:
        if is_new and self._settings.write_by == "post":
            url = address(self._root, "classes", spec.class_sourced_id, "lineItems")
            data = orjson.dumps({"lineItems": [body]})
            return Request(
                "POST", url, body=data, permission=CREATION, mark="sis:post-line-item", retry=False
            )
        data = orjson.dumps({"lineItem": body | {"sourcedId": self._ids.of(spec.line_item_id)}})
        return Request("PUT", self._address(spec), body=data, permission=PERMISSION, mark="sis:put-line-item")

    def _made(self, spec: LineItemSpec, answer: Answer) -> bool:
        """Return whether the line item is there now, and remember what the SIS calls it."""
        if answer.code not in (200, 201, 204):
            return False
        theirs = allocated(answer, "lineItems", spec.line_item_id, {"class": spec.class_sourced_id})
        posted = self._settings.write_by == "post" and self._ids.find(spec.line_item_id) is None
        if theirs or not posted:
            # Our own id is learnt as well: what we made and do not find later was deleted.
            self._ids.learn(spec.line_item_id, theirs or self._ids.of(spec.line_item_id))
        return bool(theirs) or not posted

    def _address(self, spec: LineItemSpec) -> str:
        return address(self._root, "lineItems", self._ids.of(spec.line_item_id))

    def _held(self, specs: Sequence[LineItemSpec]) -> Iterator[tuple[LineItemId, Record | None]]:
        requests = [Request("GET", self._address(spec), permission=READING) for spec in specs]
        answers = self._client.get_many(requests, self._settings.in_flight)
        for spec, answer in zip(specs, answers, strict=True):
            record = record_of(answer.json, "lineItems") if answer.code < 300 else None
            gone = record is not None and record.get("status") == "tobedeleted"
            yield spec.line_item_id, None if gone else record

    def _send(self, wanted: Sequence[tuple[LineItemSpec, Request]]) -> Iterator[tuple[LineItemSpec, Answer]]:
        owners = {id(request): spec for spec, request in wanted}
        failure: SisbridgeError | None = None
        requests = [request for _, request in wanted]
        with closing(self._client.each(requests, self._settings.in_flight)) as answers:
            for request, answer in answers:
                if isinstance(answer, SisbridgeError):
                    failure = answer
                else:
                    yield owners[id(request)], answer
        if failure is not None:
            raise failure

    def _category(self, spec: LineItemSpec) -> str:
        """Return the category for a class: the one set, else the first of a wanted title, else our own."""
        if self._settings.category_id:
            return self._settings.category_id
        if self._categories is None:
            self._categories = standing(self._settings, self._client, "categories")
        for title in self._settings.category_titles:
            for record in titled(self._categories, title):
                if _class_of(record) in (None, spec.class_sourced_id):
                    return sourced_id_of(record) or ""
        return self._create_category()

    def _create_category(self) -> str:
        """Create the category under our own fixed id; StopDistrict WB02 when the SIS does not let us."""
        sourced_id = fixed_id("category", self._district)
        title = next(iter(self._settings.category_titles), "Final Grade")
        record = {"sourcedId": sourced_id, "status": "active", "title": title}
        record["dateLastModified"] = utc_text(self._clock())
        url, body = address(self._root, "categories", sourced_id), orjson.dumps({"category": record})
        answer = self._client.send(
            Request("PUT", url, body=body, permission=PERMISSION, mark="sis:put-category")
        )
        if answer.code not in (200, 201, 204):
            raise StopDistrict(
                "WB02",
                "The gradebook has none of the categories we look for, and does not let us add one",
                fix=f"Create a category titled {title!r} in the SIS, or set category_id or category_titles",
                place="/categories",
            )
        assert self._categories is not None
        self._categories.append(record)
        return sourced_id


def _class_of(record: Record) -> str | None:
    """Return the class a category is for, where a provider says so in its metadata."""
    metadata = record.get("metadata")
    return text_of(metadata.get("classId")) if isinstance(metadata, dict) else None


def _refused(spec: LineItemSpec, code: int) -> RowRejected:
    return RowRejected(
        "WB44",
        f"The SIS refused the grade column {spec.line_item_id} with code {code}, so its grades were not sent",
        key=spec.line_item_id,
        fix="Look whether the class is there, its term open and the category active for its teacher",
        place=f"/lineItems/{spec.line_item_id}",
    )
