"""A small PowerSchool and a plain client for the tests of the simulator itself."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from simulators.powerschool import NamedQuery, Plugin, RunningPowerSchool
from tests.simulators.talk import Answer, send

CLASS_LIST = NamedQuery(
    "org.example.roster.section.students",
    "students",
    (("STUDENTS.ID", "id"), ("STUDENTS.STUDENT_NUMBER", "number"), ("STUDENTS.HOME_ROOM", "room")),
    "SELECT s.id, s.student_number, s.home_room FROM students s JOIN cc ON cc.studentid = s.id "
    "WHERE cc.course_number = :course ORDER BY s.id",
    ("course",),
    flattened=True,
)
ARGUMENT: Mapping[str, str] = {"course": "ESC-PHYS"}


def plugin(**access: dict[str, str]) -> Plugin:
    """Return a plugin with one query; no access given grants everything."""
    return Plugin("test", access or None, {CLASS_LIST.name: CLASS_LIST})


@dataclass
class Client:
    """Signs in once and sends requests below the address of one PowerSchool."""

    server: RunningPowerSchool
    token: str = field(default="", repr=False)

    def sign_in(self) -> Answer:
        pair = f"{self.server.client_id}:{self.server.client_secret}".encode()
        headers = {"Authorization": "Basic " + base64.b64encode(pair).decode()}
        answer = send(
            "POST", self.server.token_url + "/", headers=headers, data={"grant_type": "client_credentials"}
        )
        if answer.status == 200:
            self.token = answer.json["access_token"]
        return answer

    def call(self, method: str, path: str, body: object = None) -> Answer:
        if not self.token:
            self.sign_in()
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        data = None if body is None else orjson.dumps(body)
        return send(method, self.server.base_url + path, headers=headers, data=data)

    def query(self, path: str = "", **arguments: Any) -> Answer:
        return self.call("POST", f"/ws/schema/query/{CLASS_LIST.name}{path}", arguments or dict(ARGUMENT))

    def store(self, **fields: Any) -> Answer:
        """Insert a stored grade of the first student."""
        row = {
            "studentid": 501, "schoolid": 100, "schoolyear": 2025, "storecode": "S1", "percent": 91.2,
            "course_number": "ESC-PHYS", "section_number": "1",
        }  # fmt: skip
        return self.call("POST", "/ws/schema/table/storedgrades", stored(**(row | fields)))


def stored(**fields: Any) -> dict[str, Any]:
    """Return the body of a stored grade."""
    return {"tables": {"storedgrades": fields}}
