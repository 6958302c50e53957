"""What a conversation over HTTP is made of: its patience, one request, one answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class HttpOptions:
    """How patient a client is, in seconds, and whom it trusts.

    attempts, patience: tries of one request, and the longest time they may take together.
    min_interval: the pause a server wants between two requests; above 0 they go one at a time.
    ca_file: PEM file of an authority trusted besides the usual ones. headers: sent with every request.
    allow_plain: whether http:// is accepted for hosts other than this machine.
    """

    connect_timeout: float = 10.0
    read_timeout: float = 60.0
    total_timeout: float = 300.0
    attempts: int = 5
    first_wait: float = 0.5
    longest_wait: float = 30.0
    patience: float = 180.0
    min_interval: float = 0.0
    ca_file: str = ""
    allow_plain: bool = False
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Request:
    """One request. Its repr shows method and address only.

    permission: what to ask for when the answer is 403. mark: failpoint name passed around a write.
    retry: false for what is not safe to send twice. large: whether a smaller question could be asked
    instead, so that TooMuchAtOnce is not retried more than once. as_is: whether an answer of any code is
    returned instead of raised, for who judges refusals themselves; judged: or an answer of these codes.
    """

    method: str
    url: str
    params: Mapping[str, str] = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)
    permission: str = ""
    mark: str = ""
    retry: bool = True
    large: bool = False
    as_is: bool = False
    judged: tuple[int, ...] = ()

    @property
    def target(self) -> str:
        """Return the address as it goes on the wire: query values percent-encoded, blanks as %20."""
        query = "&".join(f"{quote(k, safe='~')}={quote(v, safe='~')}" for k, v in self.params.items())
        if not query:
            return self.url
        return self.url + ("&" if "?" in self.url else "?") + query


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: code, headers, the very bytes, and for a successful GET what they say as JSON."""

    code: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    json: object = field(default=None, repr=False)
