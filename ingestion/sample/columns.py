"""From numpy columns to the Arrow columns of the export format.

Instants become microseconds in UTC, codes become their words, and -1 becomes an empty cell.
"""

from collections.abc import Sequence
from datetime import date

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.sample.dice import Bools, Ints

INSTANT = pa.timestamp("us", tz="UTC")


def instants(seconds: Ints, present: Bools | None = None) -> pa.Array:
    """`present` marks the rows that have one."""
    mask = None if present is None else ~present
    return pa.array(seconds * 1_000_000, type=pa.int64(), mask=mask).cast(INSTANT)


def words(codes: npt.NDArray[np.integer], values: Sequence[str]) -> pa.Array:
    """Each code's word; negative codes are NULL."""
    indices = pa.array(codes, type=pa.int64(), mask=np.asarray(codes) < 0)
    return pa.array(list(values), type=pa.string()).take(indices)


def texts(values: Sequence[str | None]) -> pa.Array:
    return pa.array(values, type=pa.string())


def flags(values: Bools) -> pa.Array:
    return pa.array(values.astype(bool), type=pa.bool_())


def numbers(values: Ints, present: Bools | None = None) -> pa.Array:
    return pa.array(values, type=pa.int64(), mask=None if present is None else ~present)


def money(cents: Ints) -> pa.Array:
    return pa.array(np.round(cents / 100, 2), type=pa.float64())


def dates(values: Sequence[date | None]) -> pa.Array:
    return pa.array(values, type=pa.date32())


def ids(prefix: str, values: Ints, present: Bools | None = None) -> pa.Array:
    """`prefix` and a number."""
    return pc.binary_join_element_wise(prefix, numbers(values, present).cast(pa.string()), "")


def where(condition: Bools, array: pa.Array) -> pa.Array:
    """NULL where the condition does not hold."""
    return pc.if_else(pa.array(condition), array, pa.scalar(None, type=array.type))
