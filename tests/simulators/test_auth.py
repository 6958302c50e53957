"""Who is let in: OAuth 2 tokens and scopes, OAuth 1.0a signatures by another library, a static bearer."""

from __future__ import annotations

import time
from dataclasses import replace
from urllib.parse import quote, urlencode

import aiohttp
import oauthlib.oauth1
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.oneroster import SCOPE_PREFIX, Version
from simulators.dataset import Dataset
from simulators.oneroster import Credentials, Dialect, Fault, FaultKind, RunningProvider
from simulators.oneroster.oauth1 import Signatures
from tests.simulators.conftest import Start
from tests.simulators.talk import Answer, call, get, send, token

V1P1, V1P2 = Version.V1P1, Version.V1P2
GRANT = {"grant_type": "client_credentials"}


def bearing(provider: RunningProvider, access_token: str, path: str) -> Answer:
    headers = {"Authorization": f"Bearer {access_token}"}
    return send("GET", f"{provider.rostering_url}/{path}", headers=headers)


def basic(provider: RunningProvider, secret: str, **options: object) -> Answer:
    headers = {"Authorization": aiohttp.encode_basic_auth(provider.client_id, secret)}
    return send("POST", provider.token_url, headers=headers, **options)


def test_token_of_the_right_client_opens_the_roster(provider: RunningProvider) -> None:
    answer = token(provider).json
    assert (answer["token_type"], answer["expires_in"]) == ("bearer", 3600)
    assert bearing(provider, answer["access_token"], "users").status == 200


def test_credentials_may_come_as_basic_and_the_grant_in_the_query(provider: RunningProvider) -> None:
    assert basic(provider, provider.client_secret, data=GRANT).status == 200
    assert basic(provider, provider.client_secret, params=GRANT).status == 200


@pytest.mark.parametrize("secret", ["wrong", ""])
def test_wrong_secret_gets_no_token(provider: RunningProvider, secret: str) -> None:
    answer = basic(provider, secret, data=GRANT)
    assert (answer.status, answer.json) == (401, {"error": "invalid_client"})


def test_basic_that_is_no_base64_gets_no_token(provider: RunningProvider) -> None:
    assert send("POST", provider.token_url, headers={"Authorization": "Basic %%"}, data=GRANT).status == 401


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({**GRANT, "scope": "everything"}, "invalid_scope"),
    ],
)
def test_token_request_that_makes_no_sense_is_refused(
    provider: RunningProvider, form: dict[str, str], error: str
) -> None:
    answer = basic(provider, provider.client_secret, data=form)
    assert (answer.status, answer.json) == (400, {"error": error})


@pytest.mark.parametrize("authorization", ["", "Bearer ", "Bearer none", "Basic c2lz", "nonsense"])
def test_without_valid_credentials_nothing_is_shown(provider: RunningProvider, authorization: str) -> None:
    answer = send("GET", f"{provider.rostering_url}/users", headers={"Authorization": authorization})
    assert (answer.status, answer.code_minor) == (401, "unauthorisedrequest")


def test_token_expires(provider: RunningProvider) -> None:
    provider.dialect = Dialect(token_lifetime=0)
    assert bearing(provider, token(provider).json["access_token"], "users").status == 401


def test_a_new_token_leaves_the_old_one_valid(provider: RunningProvider) -> None:
    old = token(provider).json["access_token"]
    token(provider)
    assert bearing(provider, old, "users").status == 200


@pytest.mark.parametrize(
    ("scope", "open_", "shut"),
    [
        ("roster.readonly", "classes/c1/students", "demographics"),
        ("roster-core.readonly", "users", "classes/c1/students"),
        ("roster-demographics.readonly", "demographics", "users"),
    ],
)
@pytest.mark.parametrize("version", [V1P1, V1P2])
def test_scope_opens_its_part_and_no_other(
    school: Dataset, start: Start, version: Version, scope: str, open_: str, shut: str
) -> None:
    provider = start(school, version)
    access_token = token(provider, SCOPE_PREFIX[version] + scope).json["access_token"]
    assert bearing(provider, access_token, open_).status == 200
    refused = bearing(provider, access_token, shut)
    assert (refused.status, refused.code_minor) == (403, "forbidden")


def test_scopes_not_granted_are_narrowed_away(school: Dataset, start: Start) -> None:
    mine = Credentials(scopes=frozenset({"roster.readonly"}))
    provider = start(school, V1P2, credentials=mine)
    asked = " ".join(SCOPE_PREFIX[V1P2] + name for name in ("roster.readonly", "gradebook.createput"))
    assert token(provider, asked).json["scope"] == SCOPE_PREFIX[V1P2] + "roster.readonly"


def test_writing_needs_the_writing_scope(school: Dataset, start: Start) -> None:
    read_only = Credentials(bearer="static", scopes=frozenset({"gradebook.readonly"}))
    provider = start(school, V1P2, credentials=read_only)
    assert get(provider, "categories").status == 200
    assert call(provider, "PUT", "categories/k", json={}).status == 403
    assert call(provider, "DELETE", "categories/k").status == 403


def test_expired_token_fault_revokes_and_a_new_token_helps(provider: RunningProvider) -> None:
    old = token(provider).json["access_token"]
    provider.faults.add(Fault(FaultKind.EXPIRED_TOKEN, after=1))
    assert [bearing(provider, old, "users").status for _ in range(3)] == [200, 401, 401]
    assert bearing(provider, token(provider).json["access_token"], "users").status == 200


def test_expired_token_fault_strikes_a_static_bearer_too(provider: RunningProvider) -> None:
    provider.faults.add(Fault(FaultKind.EXPIRED_TOKEN))
    assert [get(provider, "users").status for _ in range(2)] == [401, 200]


def test_token_endpoint_takes_post_only(provider: RunningProvider) -> None:
    assert send("GET", provider.token_url).status == 405


def test_wrong_secret_fault_strikes_the_token_endpoint_only(provider: RunningProvider) -> None:
    provider.faults.add(Fault(FaultKind.WRONG_SECRET))
    assert get(provider, "users").status == 200
    assert [token(provider).status, token(provider).status] == [401, 200]


def test_expires_in_can_come_as_text(provider: RunningProvider) -> None:
    provider.dialect = Dialect(expires_in_text=True)
    assert token(provider).json["expires_in"] == "3600"


def signed(provider: RunningProvider, query: str, method: str = "HMAC-SHA256", **more: str) -> Answer:
    """Sign with oauthlib and send exactly what was signed."""
    known = {"client_secret": provider.client_secret} | more
    client = oauthlib.oauth1.Client(provider.client_id, signature_method=method, **known)
    url, headers, _ = client.sign(f"{provider.rostering_url}/users{query}")
    return send("GET", url, headers=headers)


@pytest.mark.parametrize("method", ["HMAC-SHA1", "HMAC-SHA256"])
@pytest.mark.parametrize(
    "query",
    ["", "?limit=2&offset=1", "?filter=email%3D%27O%20B%27%20AND%20status%3D%27x%27", "?sort=~a&limit=1"],
)
def test_signature_by_another_library_is_accepted(
    provider_1p1: RunningProvider, method: str, query: str
) -> None:
    assert signed(provider_1p1, query, method).status == 200


@pytest.mark.parametrize(
    "more",
    [{"client_secret": "wrong"}, {"timestamp": "1000000000"}, {"timestamp": "9999999999"}],
)
def test_wrong_secret_or_time_is_refused(provider_1p1: RunningProvider, more: dict[str, str]) -> None:
    assert signed(provider_1p1, "", **more).status == 401


def test_nonce_is_accepted_once(provider_1p1: RunningProvider) -> None:
    stamp = {"nonce": "n1", "timestamp": str(int(time.time()))}
    assert [signed(provider_1p1, "", **stamp).status for _ in range(2)] == [200, 401]


def test_signature_covers_the_query(provider_1p1: RunningProvider) -> None:
    client = oauthlib.oauth1.Client(provider_1p1.client_id, client_secret=provider_1p1.client_secret)
    url, headers, _ = client.sign(f"{provider_1p1.rostering_url}/users?limit=1")
    assert send("GET", url.replace("limit=1", "limit=2"), headers=headers).status == 401


def test_signature_method_can_be_refused(school: Dataset, start: Start) -> None:
    provider = start(school, V1P1, credentials=replace(Credentials(), oauth1=("HMAC-SHA256",)))
    assert signed(provider, "", "HMAC-SHA1").status == 401
    assert signed(provider, "", "HMAC-SHA256").status == 200


def test_1p2_knows_no_signatures(provider: RunningProvider) -> None:
    assert signed(provider, "").status == 401


def test_secret_and_bearer_are_not_in_the_repr() -> None:
    assert "hidden" not in repr(Credentials(client_secret="hidden", bearer="hidden"))


pairs = st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5)), max_size=4)


@given(pairs, st.text(min_size=1, max_size=6), st.sampled_from(["HMAC-SHA1", "HMAC-SHA256"]))
def test_any_query_signed_by_another_library_verifies(
    query: list[tuple[str, str]], secret: str, method: str
) -> None:
    client = oauthlib.oauth1.Client("key", client_secret=secret, signature_method=method)
    url = f"http://H.example:80/p%2Fq?{urlencode([('a', 'b'), *query], quote_via=quote)}"
    signed_url, headers, _ = client.sign(url)
    assert Signatures("key", secret).verify(headers["Authorization"], "GET", signed_url, time.time()) == ""
