"""Certificates of one day, and a server that speaks TLS with them."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def self_signed(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """Return a server's side and the certificate that its clients have to trust, for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    certificate, secret = folder / "cert.pem", folder / "key.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, secret)
    return context, certificate


@contextmanager
def shaking_hands(context: ssl.SSLContext, heard: list[bytes] | None = None) -> Iterator[str]:
    """Run a server that shakes hands once and says nothing; yield its address. heard: what it was sent."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def shake() -> None:
            caller, _ = server.accept()
            with caller, suppress(OSError), context.wrap_socket(caller, server_side=True) as secured:
                said = secured.recv(1)
                if heard is not None:
                    heard.append(said)

        thread = threading.Thread(target=shake)
        thread.start()
        yield f"https://127.0.0.1:{server.getsockname()[1]}/ims/oneroster/v1p1"
        thread.join(10)
