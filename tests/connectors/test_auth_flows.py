"""Signing in: what each flow sends, checked by another library where there is one."""

from __future__ import annotations

import base64
import time
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oauthlib.oauth1 import Client

from connectors.auth import OAuth1, OAuth2ClientCredentials, StaticHeaders
from connectors.http import Request
from domain.errors import ContractBroken

URL = "https://sis.example/token"
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=12)


def flow(**changes: object) -> OAuth2ClientCredentials:
    return OAuth2ClientCredentials(URL, "id:1", "s&cret", **changes)  # type: ignore[arg-type]


def test_basic_style_encodes_id_and_secret_before_joining_them() -> None:
    request = flow().token_request()
    assert request is not None
    assert request.headers["Authorization"] == "Basic " + base64.b64encode(b"id%3A1:s%26cret").decode()
    assert request.body == b"grant_type=client_credentials"


def test_body_style_sends_them_in_the_form_with_the_scopes() -> None:
    request = flow(style="body", scopes=("a", "b")).token_request()
    assert request is not None
    assert parse_qs(request.body.decode()) == {
        "grant_type": ["client_credentials"],
        "scope": ["a b"],
        "client_id": ["id:1"],
        "client_secret": ["s&cret"],
    }
    assert "Authorization" not in request.headers


@pytest.mark.parametrize(
    ("expires_in", "seconds"),
    [(3600, 3540), ("3600", 3540), (None, 240), ("soon", 240), (-5, 240), ("nan", 240), (10, 5)],
)
def test_a_token_is_renewed_before_it_expires(
    monkeypatch: pytest.MonkeyPatch, expires_in: object, seconds: float
) -> None:
    signer, now = flow(), 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    signer.take_token({"access_token": "t", "expires_in": expires_in})
    now += seconds - 1
    assert signer.token_request() is None
    now += 2
    assert signer.token_request() is not None


@pytest.mark.parametrize("answer", [{}, {"access_token": ""}, {"access_token": 5}, [], None])
def test_an_answer_without_a_token_is_refused(answer: object) -> None:
    with pytest.raises(ContractBroken, match="CN08"):
        flow().take_token(answer)


def test_only_the_token_that_was_refused_is_forgotten() -> None:
    signer = flow()
    signer.take_token({"access_token": "old"})
    refused = signer.headers("GET", URL)
    signer.take_token({"access_token": "new", "expires_in": 60})
    assert signer.renew(refused)
    assert signer.token_request() is None
    assert signer.headers("GET", URL) == {"Authorization": "Bearer new"}


def test_a_bearer_token_is_sent_and_not_renewed() -> None:
    signer = StaticHeaders("t")
    assert signer.headers("GET", URL) == {"Authorization": "Bearer t"}
    assert not signer.renew(signer.headers("GET", URL))


@pytest.mark.parametrize("secret", [flow(), OAuth1("id", "s&cret"), StaticHeaders("s&cret")])
def test_no_secret_is_in_a_repr(secret: object) -> None:
    assert "s&cret" not in repr(secret)


@given(params=st.dictionaries(TEXT, TEXT, max_size=4), digest=st.sampled_from(["sha1", "sha256"]))
def test_oauth1_signs_every_query_parameter_as_oauthlib_does(params: dict[str, str], digest: str) -> None:
    target = Request("GET", "https://SIS.example:443/ims/oneroster/v1p1/users", params).target
    header = OAuth1("key", "s&cret", digest).headers("GET", target)["Authorization"]  # type: ignore[arg-type]
    sent = dict(part.split("=", 1) for part in header.removeprefix("OAuth ").split(", "))
    given_ = {name: dict(parse_qsl(f"v={value[1:-1]}"))["v"] for name, value in sent.items()}
    other = Client(
        "key", "s&cret", signature_method=given_["oauth_signature_method"],
        nonce=given_["oauth_nonce"], timestamp=given_["oauth_timestamp"],
    )  # fmt: skip
    _, headers, _ = other.sign(target)
    expected = headers["Authorization"].partition('oauth_signature="')[2].rstrip('"')
    assert sent["oauth_signature"].strip('"') == expected
    assert urlsplit(target).query.count("=") >= len(params)
