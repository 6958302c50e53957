"""What a district says of grades going into its PowerSchool."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from connectors.powerschool.settings import PowerSchoolConnection
from domain.grading import Mark

CreditField = Literal["potentialcrhrs", "earnedcrhrs", "credit_type", "gpa_points"]


class StoredGradeSettings(PowerSchoolConnection):
    """Grades of record into PowerSchool's StoredGrades.

    student_by: which number of the student the roster knows: Student_Number, State_StudentNumber or DCID.
    store_code: the label of the term map that holds the store code (S1, F1); plain labels serve without it.
    school_year_is: which year PowerSchool's `schoolyear` means; the first grade of a delivery proves it.
    require_link: whether a grade that PowerSchool ties to no section and term is taken back, because it
    would not reach the state's feed. send_percent, send_letter, send_comment: what goes along. decimals:
    digits kept of a percent. comment_length: longest comment. teacher: whose name is printed: the home
    section's teacher, the shared course's, or none. mark_codes: the district's codes for marks that are no
    number; a mark without one is held. credit_fields: which credit and GPA fields are filled when a grade is
    first stored; none unless the district says so, as PowerSchool computes none of them on insert.
    no_credit: letters and codes that earn none. half_credits, zero_credits: whether a course's credit may go
    that is not whole, or nothing (which mostly means that nobody filled it in).
    gpa_points: letter → points. exclude_progress: whether a progress grade is kept out of GPA, rank, honor
    roll, transcripts and graduation.
    Source: PowerSchool developer pages, /ws/schema/table/storedgrades; data dictionary, StoredGrades.
    """

    student_by: Literal["student_number", "state_studentnumber", "dcid"] = "student_number"
    store_code: str = "store_code"
    school_year_is: Literal["start", "end"] = "start"
    require_link: bool = True
    send_percent: bool = True
    send_letter: bool = True
    send_comment: bool = True
    decimals: int = Field(default=1, ge=0, le=1)
    comment_length: int = Field(default=4000, ge=1)
    teacher: Literal["section", "offering", "none"] = "section"
    mark_codes: dict[Mark, str] = {}
    credit_fields: tuple[CreditField, ...] = ()
    no_credit: tuple[str, ...] = ("F", "I", "W", "NG", "NC")
    half_credits: bool = False
    zero_credits: bool = False
    gpa_points: dict[str, float] = {}
    exclude_progress: bool = True

    @model_validator(mode="after")
    def _codes_differ(self) -> StoredGradeSettings:
        codes = self.mark_codes.values()
        if len(set(codes)) < len(codes) or Mark.GRADED in self.mark_codes:
            raise ValueError("mark_codes needs a different code for every mark, and none for graded")
        if not (self.send_percent or self.send_letter):
            raise ValueError("send_percent or send_letter has to stay on: a grade without both is no grade")
        return self

    @model_validator(mode="after")
    def _credit_can_be_told(self) -> StoredGradeSettings:
        if bool(self.gpa_points) != ("gpa_points" in self.credit_fields):
            raise ValueError("gpa_points needs the points of each letter, and its name in credit_fields")
        if {"earnedcrhrs", "gpa_points"} & set(self.credit_fields) and not self.send_letter:
            raise ValueError("earnedcrhrs and gpa_points follow the letter: leave send_letter on for them")
        return self


class PowerSchoolGradebookSettings(PowerSchoolConnection):
    """Points into the teacher's gradebook, from which PowerSchool computes the term's grade.

    by: "oneroster" writes line items and results by OneRoster 1.1 (Universal Rostering, and a plugin that
    somebody pressed Register for); "xte" writes assignments and scores by the PowerTeacher Pro API of our
    plugin. oneroster_url: the OneRoster root in full where it is not `/api/ims/oneroster/v1p1`.
    category: the name of the category, which must be there and active; we never make one. title_limit:
    longest assignment name that is shown whole (30 and 50 are reported). counts: whether the assignment
    counts in the term's grade. student_by: as for stored grades. decimals: digits kept of a percent.
    Source: Canvas, Otus and Schoology guides to PowerSchool passback; PowerSchool developer pages, /ws/xte.
    """

    by: Literal["oneroster", "xte"] = "oneroster"
    oneroster_url: str = ""
    category: str = "Final Grade"
    title_limit: int = Field(default=30, ge=10, le=200)
    counts: bool = True
    student_by: Literal["student_number", "state_studentnumber", "dcid"] = "student_number"
    decimals: int = Field(default=1, ge=0, le=1)
