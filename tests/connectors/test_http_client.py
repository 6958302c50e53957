"""The HTTP client against a real server that answers whatever a test tells it to."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import socket
import ssl
import sys
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import islice, pairwise
from pathlib import Path

import pytest
from aiohttp import web

from connectors.auth import OAuth2ClientCredentials
from connectors.http import Answer, HttpClient, HttpOptions, Request
from connectors.http_errors import wait_asked
from domain.errors import ContractBroken, RetryLater, SisbridgeError, StopDistrict
from tests.support.tls import self_signed

DAY = "Sun, 06 Nov 1994"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
QUICK = HttpOptions(
    first_wait=0.01, longest_wait=0.02, attempts=3, patience=5, read_timeout=1, connect_timeout=1
)


@dataclass
class Server:
    """A web server in a thread; `answers` are given in turn, the last one again and again."""

    answers: list[Handler] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    busy: int = 0
    busiest: int = 0
    port: int = 0
    scheme: str = "http"

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}/api"

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(f"{request.method} {request.raw_path}")
        self.headers.append(dict(request.headers))
        self.busy += 1
        self.busiest = max(self.busiest, self.busy)
        try:
            return await self.answers[min(len(self.asked), len(self.answers)) - 1](request)
        finally:
            self.busy -= 1


def serve(server: Server, secure: ssl.SSLContext | None = None) -> Iterator[Server]:
    loop = asyncio.new_event_loop()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", server.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)

    async def start() -> None:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=secure).start()
        server.port = runner.addresses[0][1]

    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(start(), loop).result(10)
    yield server
    asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


@pytest.fixture
def server() -> Iterator[Server]:
    yield from serve(Server())


@pytest.fixture
def client() -> Iterator[HttpClient]:
    with HttpClient(options=QUICK) as made:
        yield made


def says(code: int = 200, body: str = "{}", **headers: str) -> Handler:
    async def handler(request: web.Request) -> web.Response:
        dashed = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(status=code, text=body, headers=dashed)

    return handler


async def breaks_off(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.close()
    return web.Response()


async def dawdles(request: web.Request) -> web.StreamResponse:
    await asyncio.sleep(3)
    return web.Response()


def failure(client: HttpClient, url: str) -> SisbridgeError:
    with pytest.raises(SisbridgeError) as caught:
        client.get(url, {"filter": "secret-value"})
    return caught.value


def test_a_get_returns_code_bytes_and_json(server: Server, client: HttpClient) -> None:
    server.answers = [says(body='{"orgs": []}')]
    answer = client.get(server.url)
    assert (answer.code, answer.body, answer.json) == (200, b'{"orgs": []}', {"orgs": []})


def test_a_byte_order_mark_is_no_part_of_json(server: Server, client: HttpClient) -> None:
    server.answers = [says(body="\ufeff[1]")]
    assert client.get(server.url).json == [1]


def test_query_values_are_encoded_with_percent_twenty(server: Server, client: HttpClient) -> None:
    server.answers = [says()]
    client.get(server.url, {"filter": "a>='1 + 2'"})
    assert server.asked == ["GET /api?filter=a%3E%3D%271%20%2B%202%27"]


@pytest.mark.parametrize(
    ("answer", "code", "kind"),
    [
        (says(401), "CN03", StopDistrict),
        (says(403), "CN04", StopDistrict),
        (says(429), "CN06", RetryLater),
        (says(500), "CN07", RetryLater),
        (says(503), "CN07", RetryLater),
        (says(body="<html>sign in</html>"), "CN08", ContractBroken),
        (says(body="all is well"), "CN08", ContractBroken),
        (says(body='{"users": [{"sour'), "CN09", RetryLater),
        (says(302, Location="https://elsewhere.example/"), "CN15", StopDistrict),
        (breaks_off, "CN01", RetryLater),
        (dawdles, "CN01", RetryLater),
    ],
)
def test_each_failure_has_its_code_and_its_caller(
    server: Server, client: HttpClient, answer: Handler, code: str, kind: type[SisbridgeError]
) -> None:
    server.answers = [answer]
    error = failure(client, server.url)
    assert error.code == code
    assert isinstance(error, kind)
    assert error.fix
    assert error.place == f"GET 127.0.0.1:{server.port}/api"


def test_messages_hold_no_query_value_and_nothing_of_the_body(server: Server, client: HttpClient) -> None:
    server.answers = [says(500, "Ada Lovelace failed")]
    error = failure(client, server.url)
    told = f"{error} {error.message} {error.fix} {error.place} {error!r}"
    assert "Ada" not in told
    assert "secret-value" not in told


def test_the_log_names_the_path_only(
    server: Server, client: HttpClient, caplog: pytest.LogCaptureFixture
) -> None:
    server.answers = [says(body='{"name": "Ada"}')]
    with caplog.at_level(logging.DEBUG, "connectors.http"):
        client.get(server.url, {"filter": "secret-value"}, {"X-Key": "hidden"})
    assert f"GET 127.0.0.1:{server.port}/api answered 200" in caplog.text
    assert not {"Ada", "secret-value", "hidden"} & set(caplog.text.replace('"', " ").split())


def test_an_unreachable_host_is_named(client: HttpClient) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        error = failure(client, f"http://127.0.0.1:{taken.getsockname()[1]}/api")
    assert (error.code, error.message) == ("CN01", "127.0.0.1 cannot be reached")


def test_an_unknown_host_is_named(client: HttpClient) -> None:
    error = failure(client, "https://sis.invalid/api")
    assert (error.code, error.message) == ("CN01", "sis.invalid cannot be reached")


def test_a_passing_failure_passes(server: Server, client: HttpClient) -> None:
    server.answers = [says(500), says(body='{"a": '), says(body='{"a": 1}')]
    assert client.get(server.url).json == {"a": 1}


def test_a_post_is_sent_once(server: Server, client: HttpClient) -> None:
    server.answers = [says(503), says()]
    with pytest.raises(RetryLater):
        client.post(server.url, b"{}")
    assert len(server.asked) == 1


def test_retry_after_is_waited_for(server: Server, client: HttpClient) -> None:
    server.answers = [says(429, Retry_After="1"), says()]
    begun = time.monotonic()
    client.get(server.url)
    assert time.monotonic() - begun >= 1


def test_a_wait_longer_than_our_patience_is_handed_on_at_once(server: Server, client: HttpClient) -> None:
    server.answers = [says(429, Retry_After="3600")]
    begun = time.monotonic()
    error = failure(client, server.url)
    assert isinstance(error, RetryLater)
    assert error.retry_after == 3600
    assert time.monotonic() - begun < 60


@pytest.mark.parametrize(
    ("headers", "body", "seconds"),
    [
        ({"Retry-After": "7"}, b"", 7.0),
        ({"Retry-After": f"{DAY} 08:49:37 GMT", "Date": f"{DAY} 08:49:07 GMT"}, b"", 30.0),
        ({"Retry-After": format_datetime(datetime.now(UTC) - timedelta(minutes=5))}, b"", 0.0),
        ({"Retry-After": "soon"}, b"", None),
        ({}, b"Too many requests, try again in 12 seconds.", 12.0),
        ({}, b"please wait 500 ms", 0.5),
        ({}, b"retry after 2 minutes", 120.0),
        ({}, b"busy", None),
    ],
)
def test_the_wait_asked_for_is_understood(
    headers: dict[str, str], body: bytes, seconds: float | None
) -> None:
    assert wait_asked(headers, body) == seconds


def test_after_a_complaint_about_our_pace_requests_go_one_by_one(server: Server, client: HttpClient) -> None:
    async def works(request: web.Request) -> web.Response:
        await asyncio.sleep(0.02)
        return web.Response(text="{}")

    server.answers = [says(429), works]
    client.get(server.url)
    server.busiest = 0
    list(client.get_many([Request("GET", server.url)] * 6, 6))
    assert server.busiest == 1


def test_with_a_pause_between_requests_they_go_one_at_a_time_and_no_sooner(server: Server) -> None:
    arrived: list[float] = []

    async def stamp(request: web.Request) -> web.Response:
        arrived.append(time.monotonic())
        return web.json_response({})

    server.answers = [stamp]
    with HttpClient(options=replace(QUICK, min_interval=0.05)) as client:
        assert len(list(client.get_many((Request("GET", server.url) for _ in range(4)), in_flight=4))) == 4
    assert server.busiest == 1
    assert min(later - sooner for sooner, later in pairwise(arrived)) >= 0.05


def test_many_answers_come_in_the_order_asked_and_no_more_are_on_the_way(
    server: Server, client: HttpClient
) -> None:
    async def slow_first(request: web.Request) -> web.Response:
        await asyncio.sleep(0.2 if request.query["n"] == "0" else 0.01)
        return web.json_response(int(request.query["n"]))

    server.answers = [slow_first]
    requests = [Request("GET", server.url, {"n": str(number)}) for number in range(12)]
    assert [answer.json for answer in client.get_many(requests, 4)] == list(range(12))
    assert 1 < server.busiest <= 4


def test_a_slow_answer_does_not_hold_up_the_next_ones(server: Server, client: HttpClient) -> None:
    async def slow_first(request: web.Request) -> web.Response:
        await asyncio.sleep(0.3 if request.query["n"] == "0" else 0)
        return web.json_response({})

    server.answers = [slow_first]
    answers = client.get_many([Request("GET", server.url, {"n": str(number)}) for number in range(12)], 3)
    next(answers)
    assert len(server.asked) == 5
    answers.close()


def test_answers_come_as_they_are_there_and_no_more_than_those_on_their_way_are_under_way(
    server: Server, client: HttpClient
) -> None:
    async def slow_first(request: web.Request) -> web.Response:
        await asyncio.sleep(0.5 if request.query["n"] == "0" else 0.01)
        return web.json_response(int(request.query["n"]))

    server.answers = [slow_first]
    requests = [Request("GET", server.url, {"n": str(number)}) for number in range(12)]
    came, ahead = [], []
    for number, answer in client.get_as_they_come(requests, 4):
        came.append((number, answer.json))
        ahead.append(len(server.asked) - len(came))
    assert came[-1] == (0, 0)
    assert sorted(came) == [(number, number) for number in range(12)]
    assert server.busiest <= 4
    assert max(ahead) <= 4


def test_a_failure_is_raised_once_those_on_their_way_are_there(server: Server, client: HttpClient) -> None:
    async def second_fails(request: web.Request) -> web.Response:
        await asyncio.sleep(0 if request.query["n"] == "1" else 0.1)
        return web.json_response({}, status=403 if request.query["n"] == "1" else 200)

    server.answers = [second_fails]
    answers = client.get_as_they_come([Request("GET", server.url, {"n": str(n)}) for n in range(9)], 3)
    assert sorted(number for number, _ in islice(answers, 3)) == [0, 2, 3]
    with pytest.raises(StopDistrict, match="CN04"):
        next(answers)
    assert len(server.asked) == 4


def test_answers_nobody_waits_for_are_let_go_while_another_is_awaited(
    server: Server, client: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def slow(request: web.Request) -> web.Response:
        await asyncio.sleep(0 if request.query["n"] == "0" else 0.5)
        return web.json_response(int(request.query["n"]))

    server.answers = [slow]
    complaints: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", complaints.append)
    answers = client.get_many([Request("GET", server.url, {"n": str(number)}) for number in range(4)], 2)
    assert next(answers).json == 0
    cycle: list[object] = [answers]
    cycle.append(cycle)
    del answers, cycle
    elsewhere = threading.Timer(0.1, gc.collect)
    elsewhere.start()
    assert client.get(server.url, {"n": "9"}).json == 9
    elsewhere.join(10)
    assert client.get(server.url, {"n": "0"}).json == 0
    assert complaints == []


def test_the_next_request_leaves_before_an_answer_is_decoded(
    server: Server, client: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked_by_then = []

    def decoded(*answer: object) -> None:
        until = time.monotonic() + 5
        while len(server.asked) < 3 and time.monotonic() < until:
            time.sleep(0.01)
        asked_by_then.append(len(server.asked))

    monkeypatch.setattr("connectors.http_wire.decode_json", decoded)
    server.answers = [says()]
    list(client.get_many([Request("GET", server.url)] * 3, 2))
    assert asked_by_then[0] == 3


def test_a_request_that_waits_for_its_next_try_keeps_its_place(server: Server, client: HttpClient) -> None:
    server.answers = [says(503), says(503), says()]
    list(client.get_many([Request("GET", server.url, {"n": str(number)}) for number in range(3)], 2))
    assert "GET /api?n=2" not in server.asked[:3]


def test_each_yields_failures_beside_answers_as_they_come(server: Server, client: HttpClient) -> None:
    async def odd_fails(request: web.Request) -> web.Response:
        await asyncio.sleep(0.1 if request.query["n"] == "0" else 0)
        return web.json_response({}, status=403 if request.query["n"] == "1" else 200)

    server.answers = [odd_fails]
    requests = [Request("GET", server.url, {"n": str(number)}) for number in range(3)]
    outcomes = [(one.params["n"], isinstance(said, Answer)) for one, said in client.each(requests, 3)]
    assert outcomes[-1] == ("0", True)
    assert ("1", False) in outcomes


def test_a_redirect_within_the_host_is_followed(server: Server, client: HttpClient) -> None:
    server.answers = [says(301, Location="/api/v2"), says(body="1")]
    assert client.get(server.url).json == 1
    assert server.asked == ["GET /api", "GET /api/v2"]


def test_an_endless_redirect_is_refused(server: Server, client: HttpClient) -> None:
    server.answers = [says(302, Location="/api")]
    assert failure(client, server.url).code == "CN15"


@pytest.mark.parametrize("url", ["http://sis.example/api", "sis.example/api", "ftp://127.0.0.1/api"])
def test_only_https_is_spoken_beyond_this_machine(client: HttpClient, url: str) -> None:
    assert failure(client, url).code == "CF53"


def test_an_address_that_holds_a_password_is_refused_and_not_shown(client: HttpClient) -> None:
    refused = failure(client, "https://reader:hunter2@sis.example/api")
    assert refused.code == "CF53"
    assert "hunter2" not in f"{refused}{refused.fix}"


def test_a_forked_child_opens_its_own_connections(server: Server, client: HttpClient) -> None:
    server.answers = [says()]
    client.get(server.url)
    child = os.fork()
    if child == 0:
        os._exit(0 if client.get(server.url).code == 200 else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert client.get(server.url).code == 200


def token_server(server: Server, lifetime: object = 3600) -> Counter[str]:
    """Answer /token with a new token each time; accept only the newest."""
    seen: Counter[str] = Counter()

    async def handler(request: web.Request) -> web.Response:
        if request.path == "/token":
            seen["tokens"] += 1
            return web.json_response({"access_token": f"t{seen['tokens']}", "expires_in": lifetime})
        seen[request.headers["Authorization"]] += 1
        accepted = request.headers["Authorization"] == f"Bearer t{max(2, seen['tokens'])}"
        return web.json_response({}, status=200 if accepted else 401)

    server.answers = [handler]
    return seen


def oauth(server: Server) -> HttpClient:
    token_url = server.url.replace("/api", "/token")
    return HttpClient(OAuth2ClientCredentials(token_url, "id", "s3cret"), QUICK)


def test_an_expired_token_is_renewed_once_for_all_requests_on_the_way(server: Server) -> None:
    seen = token_server(server, "3600")
    with oauth(server) as client:
        answers = list(client.get_many([Request("GET", server.url)] * 6, 3))
    assert [answer.code for answer in answers] == [200] * 6
    assert seen["tokens"] == 2


def test_a_token_refused_after_renewal_stops_the_district(server: Server) -> None:
    token = says(body='{"access_token": "t"}')
    server.answers = [token, says(401), token, says(401)]
    with oauth(server) as client:
        assert failure(client, server.url).code == "CN03"
    assert len(server.asked) == 4


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (says(400, '{"error": "invalid_client"}'), "CN03"),
        (says(400, '{"error": "invalid_scope"}'), "CN04"),
        (says(401), "CN03"),
        (says(404), "CN05"),
        (says(body="<html>"), "CN08"),
        (says(body="{}"), "CN08"),
        (says(503), "CN07"),
    ],
)
def test_a_token_address_that_fails_says_how(server: Server, answer: Handler, code: str) -> None:
    server.answers = [answer]
    with oauth(server) as client:
        error = failure(client, server.url)
    assert error.code == code
    assert "s3cret" not in f"{error}{error.fix}"


def test_an_untrusted_certificate_stops_and_the_districts_own_authority_mends_it(tmp_path: Path) -> None:
    context, certificate = self_signed(tmp_path)
    for server in serve(Server([says()], scheme="https"), context):
        with HttpClient(options=QUICK) as client:
            assert failure(client, server.url).code == "CN02"
            with pytest.raises(StopDistrict, match="CN02"):
                client.reach(server.url)
        with HttpClient(options=HttpOptions(ca_file=str(certificate))) as client:
            assert client.get(server.url).code == 200


def test_an_unreadable_authority_file_names_its_setting(server: Server, tmp_path: Path) -> None:
    with HttpClient(options=HttpOptions(ca_file=str(tmp_path / "none.pem"))) as client:
        error = failure(client, server.url)
    assert error.code == "CF54"
    assert "ca_file" in error.fix


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_a_kept_connection_that_breaks_is_tried_again_by_nobody_but_us(server: Server, method: str) -> None:
    server.answers = [says(), breaks_off]
    with HttpClient(options=replace(QUICK, attempts=1)) as client:
        client.get(server.url)
        with pytest.raises(RetryLater, match="CN01"):
            client.send(Request(method, server.url))
    assert len(server.asked) == 2
