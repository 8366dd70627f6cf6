"""PostgreSQL's binary COPY format to and from NumPy, without a Python object a row."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ksys_core.store.connection import Connection

_HEADER: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER: Final = b"\xff\xff"
_EPOCH_2000_US: Final = 946_684_800_000_000  # PostgreSQL counts microseconds from 2000-01-01


def to_unix_ns(pg_us: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Nanoseconds since 1970 of PostgreSQL's microseconds since 2000."""
    return (pg_us.astype(np.int64) + _EPOCH_2000_US) * 1000


def to_pg_us(unix_ns: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """PostgreSQL's microseconds since 2000 of nanoseconds since 1970 (cut to microseconds)."""
    return np.asarray(unix_ns // 1000 - _EPOCH_2000_US, dtype=np.int64)


def row_dtype(columns: npt.DTypeLike) -> np.dtype[np.void]:
    """The layout of a COPY row: its number of fields, then for each field its length and its value."""
    fields = np.dtype(columns)
    names = fields.names or ()
    layout: list[tuple[str, Any]] = [("#", ">i2")]
    for name in names:
        layout += [(f"#{name}", ">i4"), (name, fields[name].newbyteorder(">"))]
    return np.dtype(layout)


def encode(columns: npt.DTypeLike, arrays: dict[str, npt.NDArray[Any]]) -> bytes:
    """The whole COPY stream of `arrays` (one length; converted to the types of `columns`)."""
    dtype = row_dtype(columns)
    length = len(next(iter(arrays.values())))
    rows = np.empty(length, dtype)
    rows["#"] = len(arrays)
    for name, values in arrays.items():
        rows[f"#{name}"] = dtype[name].itemsize
        rows[name] = values
    return b"".join((_HEADER, rows.tobytes(), _TRAILER))


def decode(stream: bytes, columns: npt.DTypeLike) -> npt.NDArray[np.void]:
    """The rows of a COPY stream; ValueError when a NULL or another type broke the fixed stride."""
    dtype = row_dtype(columns)
    names = [name for name in dtype.names or () if not name.startswith("#")]
    count, rest = divmod(len(stream) - len(_HEADER) - len(_TRAILER), dtype.itemsize)
    if rest or not stream.endswith(_TRAILER):
        raise ValueError(f"COPY of {len(stream)} bytes is not made of rows of {dtype.itemsize} bytes (a NULL?)")
    rows = np.frombuffer(stream, dtype, count, len(_HEADER))
    if count and (rows["#"] != len(names)).any():
        raise ValueError(f"COPY rows have {rows['#'][0]} fields instead of {len(names)}")
    return rows[names]


async def copy_columns(connection: Connection, query: str, *args: object, dtype: npt.DTypeLike) -> npt.NDArray[np.void]:
    """All rows of `query`; see `Database.fetch_columns`."""
    chunks: list[bytes] = []

    async def take(data: bytes) -> None:
        chunks.append(data)

    await connection.copy_from_query(query, *args, output=take, format="binary")
    return decode(b"".join(chunks), dtype)
