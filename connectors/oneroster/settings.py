"""What a district says of its OneRoster server, once for rosters and gradebook."""

from __future__ import annotations

from typing import Literal
from urllib.parse import quote

from pydantic import Field, SecretStr, model_validator

from connectors.auth import Authorizer, OAuth1, OAuth2ClientCredentials, StaticHeaders
from connectors.demographics import Demographics
from connectors.http import HttpClient
from connectors.http_settings import HttpSettings
from domain.grading import Mark
from domain.oneroster import SCOPE_PREFIX, Service, Version

ROSTER_SCOPES = ("roster-core.readonly",)
BIRTH_SCOPES = ("roster-demographics.readonly",)
GRADEBOOK_SCOPES = ("gradebook.readonly", "gradebook.createput", "gradebook.delete")


class OneRosterConnection(HttpSettings):
    """Where a OneRoster server is and how to sign in.

    base_url: the whole service root as the SIS shows it, e.g. https://sis.example/ims/oneroster/v1p1;
    where 1.2 names the service in it, the other service's root follows from it unless given.
    scopes: those the district granted; none given asks for the standard's own in 1.2 and for none in
    1.1, where some servers refuse scopes they do not know. secret_headers: vendor keys sent as headers.
    oauth1_digest: servers differ; most take sha256, Infinite Campus sha1.
    """

    base_url: str
    rostering_url: str = ""
    gradebook_url: str = ""
    version: Version = Version.V1P2
    auth: Literal["oauth2", "oauth1", "bearer"] = "oauth2"
    token_url: str = ""
    client_id: str = ""
    client_secret: SecretStr = SecretStr("")
    bearer_token: SecretStr = SecretStr("")
    auth_style: Literal["basic", "body"] = "basic"
    oauth1_digest: Literal["sha256", "sha1"] = "sha256"
    scopes: tuple[str, ...] | None = None
    page_size: int = Field(default=1000, ge=1, le=10_000)
    extra_headers: dict[str, str] = {}
    secret_headers: dict[str, SecretStr] = {}

    @model_validator(mode="after")
    def _signs_in(self) -> OneRosterConnection:
        needed = {
            "oauth2": ("token_url", "client_id", "client_secret"),
            "oauth1": ("client_id", "client_secret"),
            "bearer": ("bearer_token",),
        }[self.auth]
        missing = [name for name in needed if not _plain(getattr(self, name))]
        if missing:
            raise ValueError(f"auth {self.auth} needs {', '.join(missing)}")
        if self.auth == "oauth1" and self.version is Version.V1P2:
            raise ValueError("OneRoster 1.2 knows no oauth1: set auth to oauth2")
        return self

    def root(self, service: Service) -> str:
        """Return the root address of a service, without a slash at its end."""
        given = {Service.ROSTERING: self.rostering_url, Service.GRADEBOOK: self.gradebook_url}
        base = given.get(service) or self.base_url
        for other in Service if not given.get(service) else ():
            base = base.replace(f"/oneroster/{other}/v1p2", f"/oneroster/{service}/v1p2")
        return base.rstrip("/")

    def client(self, auth: Authorizer) -> HttpClient:
        """Return a client for this server; nothing is sent yet."""
        hidden = {name: value.get_secret_value() for name, value in self.secret_headers.items()}
        return HttpClient(auth, self.options({**self.extra_headers, **hidden}))

    def authorizer(self, default_scopes: tuple[str, ...]) -> Authorizer:
        """Return how to sign requests; it keeps its token, so clients may share it."""
        secret = self.client_secret.get_secret_value()
        if self.auth == "bearer":
            return StaticHeaders(self.bearer_token.get_secret_value())
        if self.auth == "oauth1":
            return OAuth1(self.client_id, secret, self.oauth1_digest)
        scopes = self._scopes(default_scopes)
        return OAuth2ClientCredentials(self.token_url, self.client_id, secret, self.auth_style, scopes)

    def _scopes(self, defaults: tuple[str, ...]) -> tuple[str, ...]:
        if self.scopes is None:
            defaults = defaults if self.version is Version.V1P2 else ()
        else:
            defaults = self.scopes
        return tuple(one if "://" in one else SCOPE_PREFIX[self.version] + one for one in defaults)


class OneRosterRestSettings(OneRosterConnection):
    """A roster over REST. demographics: whether birth dates are read too (`connectors.demographics`).

    version may be "auto": address and version are then found at the start of each pull (`probe`), which
    costs a few requests; base_url is whatever address of the SIS is known.
    ask_fields: whether to ask for only the fields the roster needs (a server that refuses is asked
    without). sort: whether to ask for a stable order. revision_header: the header by which a provider
    names the revision of its roster; when it moves while we read, the roster is read again.
    metadata_columns: of a collection's metadata, what to carry along, each as a column `metadata.<name>`.
    """

    ask_fields: bool = True
    sort: bool = True
    revision_header: str = "x-perm-rev"
    probe: bool = False
    metadata_columns: dict[str, tuple[str, ...]] = {}
    demographics: Demographics = False

    def for_births(self) -> OneRosterRestSettings:
        """Return the settings to read birth dates by: under a token of their own, refused or not by itself.

        Scopes named for the roster would not open them; where none are to be asked for, none are.
        """
        return self.model_copy(update={"scopes": BIRTH_SCOPES}) if self.scopes else self

    @model_validator(mode="before")
    @classmethod
    def _auto(cls, given: object) -> object:
        """Take version "auto" as the wish to probe, begun with the version that the sign-in is of."""
        if not isinstance(given, dict) or given.get("version") != "auto":
            return given
        begin = Version.V1P1 if given.get("auth") == "oauth1" else Version.V1P2
        return {**given, "version": begin, "probe": True}


class OneRosterGradebookSettings(OneRosterConnection):
    """Grades into a OneRoster gradebook.

    category_id: the category of our line items; without it the first whose title is in category_titles.
    title_limit: longest title the SIS takes (30 to 50 are reported). decimals: digits kept of a percent.
    mark_texts: how 1.2 says a mark that is no number, as text score. send_text, send_comment: whether
    the letter and the comment go along (1.1 has no letters). write_by: "post" for 1.2 servers that
    create under ids of their own (scope gradebook.createpost). score_scale_id: the 1.2 score scale that
    line items refer to, if any; score_scale_title: the title of that of each class, where each has its own;
    score_scale_values: what the two sides of each of its values say, in order, to make it where a class has
    none of the title.
    """

    category_id: str = ""
    category_titles: tuple[str, ...] = ("Final Grade", "Final Grades", "Grades")
    title_limit: int = Field(default=50, ge=10)
    decimals: int = Field(default=1, ge=0, le=1)
    send_text: bool = True
    send_comment: bool = True
    write_by: Literal["put", "post"] = "put"
    score_scale_id: str = ""
    score_scale_title: str = ""
    score_scale_values: dict[str, str] = {}
    mark_texts: dict[Mark, str] = {
        Mark.INCOMPLETE: "I",
        Mark.WITHDRAWN: "W",
        Mark.PASS: "P",
        Mark.NO_GRADE: "NG",
    }

    @property
    def gradebook_scopes(self) -> tuple[str, ...]:
        """The scopes to ask for where none are named."""
        return (*GRADEBOOK_SCOPES, "gradebook.createpost") if self.write_by == "post" else GRADEBOOK_SCOPES

    @model_validator(mode="before")
    @classmethod
    def _version_is_named(cls, given: object) -> object:
        if isinstance(given, dict) and given.get("version") == "auto":
            raise ValueError(
                "what a grade looks like is fixed when it is released, so the version of a gradebook cannot "
                "be looked for each time; set it to 1.1 or 1.2, and sisbridge check says whether it is right"
            )
        return given

    @model_validator(mode="after")
    def _only_1p2_has_these(self) -> OneRosterGradebookSettings:
        scale = self.score_scale_id or self.score_scale_title
        if self.version is Version.V1P1 and (self.write_by == "post" or scale):
            raise ValueError("OneRoster 1.1 knows neither write_by post nor score scales: leave them out")
        if self.score_scale_id and self.score_scale_title:
            raise ValueError("score_scale_id and score_scale_title name two score scales: leave one out")
        if self.score_scale_values and not self.score_scale_title:
            raise ValueError("score_scale_values needs score_scale_title, the title of the scale to make")
        return self

    @model_validator(mode="after")
    def _marks_differ(self) -> OneRosterGradebookSettings:
        texts = self.mark_texts.values()
        if len(set(texts)) < len(texts) or Mark.GRADED in self.mark_texts:
            raise ValueError("mark_texts needs a different text for every mark, and none for graded")
        return self


def _plain(value: object) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


def address(root: str, *segments: str) -> str:
    """Return an address below a root; every segment is percent-encoded, as a sourcedId may hold `/`."""
    return "/".join((root, *(quote(segment, safe="") for segment in segments)))
