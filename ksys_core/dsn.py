"""Connection strings: masking, password, host and encryption, without connecting."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs, quote, unquote, urlsplit

SCHEMES: Final = ("postgresql", "postgres")
MASK: Final = "•••"
_DRIVER: Final = re.compile(r"^(postgres(?:ql)?)\+\w+://")
_URL_PASSWORD: Final = re.compile(r"(?<=://)([^:/@\s]*):([^@\s]*)@")
_KEY_PASSWORD: Final = re.compile(r"(?i)\b(password|passwd|pwd|secret|token)(\s*[=:]\s*)('[^']*'|\"[^\"]*\"|[^\s&;,]+)")
_ENCRYPTED: Final = frozenset({"require", "verify-ca", "verify-full"})


@dataclass(frozen=True, slots=True)
class DsnParts:
    """What the checks need of a connection string."""

    host: str | None
    user: str | None
    password: str | None
    sslmode: str | None

    @property
    def local(self) -> bool:
        """True for a socket or the loopback interface."""
        host = self.host or ""
        return host in ("", "localhost", "::1") or host.startswith(("/", "127."))

    @property
    def encrypted(self) -> bool:
        """True when libpq's `sslmode` allows no plain connection."""
        return self.sslmode in _ENCRYPTED


def normalised(dsn: str) -> str:
    """`dsn` in the form PostgreSQL's own tools take (SQLAlchemy's ``postgresql+driver://`` loses the driver).

    Raises:
        ValueError: it isn't a ``postgresql://`` address.
    """
    plain = _DRIVER.sub(r"\1://", dsn.strip())
    url = urlsplit(plain)
    if url.scheme not in SCHEMES:
        raise ValueError("must begin with postgresql://")
    if not (url.hostname or url.path.strip("/") or url.query):
        raise ValueError("names neither a host nor a database")
    _ = url.port  # ValueError for a port that is none
    return plain


def parts(dsn: str) -> DsnParts:
    """The parts of a normalised `dsn`; query parameters win as in libpq."""
    url = urlsplit(dsn)
    query = {key: values[-1] for key, values in parse_qs(url.query).items()}
    return DsnParts(
        host=query.get("host", url.hostname),
        user=query.get("user", unquote(url.username) if url.username else None),
        password=query.get("password", unquote(url.password) if url.password else None),
        sslmode=query.get("sslmode"),
    )


def with_password(dsn: str, password: str) -> str:
    """`dsn` with `password` for its user."""
    url = urlsplit(dsn)
    user = (url.netloc.rpartition("@")[0]).partition(":")[0]
    address = url.netloc.rpartition("@")[2]
    return url._replace(netloc=f"{user}:{quote(password, safe='')}@{address}").geturl()


def masked(text: str) -> str:
    """`text` with the passwords of every connection string and ``password=…`` in it hidden."""
    return _KEY_PASSWORD.sub(rf"\1\2{MASK}", _URL_PASSWORD.sub(rf"\1:{MASK}@", text))
