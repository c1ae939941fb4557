"""Rows of the export as plain values, and the whole numbers that vendors use for ids.

Instants become whole seconds since 1970, so that comparing, sorting and moving them is arithmetic.
"""

import hashlib
import re
from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.sandbox.replay import Row

_PLAIN = re.compile(r"[^\d]?(\d{1,12})")
_BEHIND_PLAIN = 10**12


def rows_of(tables: Mapping[str, pa.Table], name: str) -> list[Row]:
    """The rows of a table, none if the shop lacks it; instants and dates in seconds."""
    table = tables.get(name)
    if table is None:
        return []
    for place, field in enumerate(table.schema):
        if pa.types.is_timestamp(field.type) or pa.types.is_date32(field.type):
            micros = table.column(place).cast(pa.timestamp("us")).cast(pa.int64())
            table = table.set_column(place, field.name, pc.divide(micros, 1_000_000))
    rows: list[Row] = table.to_pylist()
    return rows


def number(kind: str, natural: str) -> int:
    """The id a vendor gives to the thing that the shop calls `natural`: always the same one.

    Tickets and orders keep the digits that people know them by (T100001 is 100001). All other ids
    are hashes, since several kinds share one space of ids (customers and agents are users).
    """
    if kind in ("ticket", "order") and (plain := _PLAIN.fullmatch(natural)):
        return int(plain[1])
    digest = hashlib.blake2b(f"{kind}:{natural}".encode(), digest_size=6).digest()
    return _BEHIND_PLAIN + (int.from_bytes(digest, "big") >> 5)
