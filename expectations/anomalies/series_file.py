"""Series in a file, walked by the detector: what `bookbag detect` does.
 A Parquet file with a row for each bucket of each series, and a CSV file of the calendar. Nothing
of an account is read: detectors are compared on such files.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from expectations.anomalies.calendar import Calendar, Event
from expectations.anomalies.detector import Detector, Judged, Memory
from expectations.anomalies.laws import LAWS
from expectations.anomalies.observations import Observations
from expectations.anomalies.rules import DAILY, DEAD, HOURLY, Rules

Freq = Literal["D", "H"]
Flag = tuple[str, date, float, str]
RULES: Final[dict[Freq, Rules]] = {"D": DAILY, "H": HOURLY}
FIGURES = ("value", "numerator", "denominator", "sd")
NEEDED = ("series_id", "kind", "bucket", "value")
DATES = ("starts_on", "ends_on")


class SeriesError(Exception):
    """A file that is not as it should be; the message names it, the place and the cure."""


@dataclass(frozen=True)
class Series:
    """Series of one kind under their names, over the buckets that begin at `starts`; `type` is how
    the file writes them.
    """

    names: Sequence[str]
    starts: Sequence[date]
    seen: Observations
    type: pa.DataType


def read_series(file: Path, freq: Freq) -> list[Series]:
    """Series by kind; rows may be in any order and absent. Raises SeriesError."""
    table = _table(file)
    starts = _starts(table["bucket"].cast(pa.timestamp("us")), freq, file)
    rows = table.append_column("place", _place(table["bucket"], starts[0], freq))
    season = np.array([_season(start, freq) for start in starts])
    kinds = rows["kind"].unique().to_pylist()
    if unknown := [str(kind) for kind in kinds if kind not in LAWS]:
        raise SeriesError(
            f"{file}: kind {unknown[0]!r} is unknown; known are {', '.join(sorted(LAWS))}."
        )
    return [_of_kind(rows, kind, starts, season, file) for kind in kinds]


def read_calendar(file: Path) -> Calendar:
    """Columns name, kind, starts_on, ends_on (both included), and expected_direction where it is
    known. Raises SeriesError.
    """
    types = dict.fromkeys(("name", "kind", "expected_direction"), pa.string())
    convert = pa.csv.ConvertOptions(
        column_types={**types, **dict.fromkeys(DATES, pa.date32())}, strings_can_be_null=True
    )
    try:
        table = pa.csv.read_csv(file, convert_options=convert)
    except (pa.ArrowInvalid, OSError) as error:
        raise SeriesError(f"{file} cannot be read as a calendar: {error}") from error
    if missing := {"name", "kind", *DATES} - set(table.column_names):
        raise SeriesError(f"{file} has no column {', '.join(sorted(missing))}.")
    return Calendar(
        [
            Event(
                row["name"], row["kind"], row["starts_on"], row["ends_on"],
                row.get("expected_direction") or None,
            )
            for row in table.to_pylist()
        ]
    )  # fmt: skip


def detect(series: Sequence[Series], calendar: Calendar, freq: Freq) -> pa.Table:
    """Every bucket in breach, from the first that can be judged: series_id, bucket, score (z),
    rule.
    """
    rows = [row for each in series for row in _flags(each, calendar, RULES[freq])]
    names, starts, scores, rules = zip(*rows, strict=True) if rows else ((), (), (), ())
    columns = {
        "series_id": pa.array(names, pa.string()),
        "bucket": pa.array(starts, series[0].type),
        "score": pa.array(scores, pa.float64()),
        "rule": pa.array(rules, pa.string()),
    }
    return pa.table(columns)


def _flags(series: Series, calendar: Calendar, rules: Rules) -> Iterator[Flag]:
    detector = Detector(series.seen, series.starts, calendar, rules)
    memory = Memory.blank(len(series.names), len(series.starts))
    for judged in detector.judge(memory, rules.learning, len(series.starts)):
        for place in np.flatnonzero(judged.is_breach).tolist():
            name, start = series.names[place], series.starts[judged.bucket]
            yield name, start, float(judged.scores.z[place]), rule_name(judged, place)


def rule_name(judged: Judged, place: int) -> str:
    """What a breach is called: `alone`, `sum_3` …, `dead_feed`."""
    buckets = int(judged.scores.buckets[place])
    return "dead_feed" if buckets == DEAD else "alone" if buckets == 1 else f"sum_{buckets}"


def _table(file: Path) -> pa.Table:
    try:
        table = pq.read_table(file)
    except (pa.ArrowInvalid, OSError) as error:
        raise SeriesError(f"{file} cannot be read as Parquet: {error}") from error
    if missing := [name for name in NEEDED if name not in table.column_names]:
        raise SeriesError(f"{file} has no column {', '.join(missing)}.")
    if not table.num_rows:
        raise SeriesError(f"{file} has no rows.")
    for name in FIGURES:
        if name not in table.column_names:
            table = table.append_column(name, pa.nulls(table.num_rows, pa.float64()))
    return table


def _of_kind(
    rows: pa.Table, kind: str, starts: Sequence[date], season: np.ndarray, file: Path
) -> Series:
    mine = rows.filter(pc.equal(rows["kind"], kind))
    encoded = mine["series_id"].combine_chunks().dictionary_encode()
    names, shape = encoded.dictionary.to_pylist(), (len(encoded.dictionary), len(starts))
    cells = (encoded.indices.to_numpy(), mine["place"].to_numpy())
    is_there = np.zeros(shape, bool)
    is_there[cells] = True
    if int(is_there.sum()) != mine.num_rows:
        raise SeriesError(f"{file}: a series of kind {kind!r} has two rows of one bucket.")
    figures = {}
    for name in FIGURES:
        figures[name] = np.full(shape, np.nan)
        figures[name][cells] = mine[name].cast(pa.float64()).to_numpy()
    seen = Observations(kind, **figures, season=season, is_there=is_there)
    return Series(names, starts, seen, rows["bucket"].type)


def _starts(buckets: pa.ChunkedArray, freq: Freq, file: Path) -> list[date]:
    """All buckets from the first to the last, those too that no series has."""
    bounds = pc.min_max(buckets).as_py()
    first, last = bounds["min"], bounds["max"]
    unit, step = ("day", timedelta(days=1)) if freq == "D" else ("hour", timedelta(hours=1))
    if not pc.all(pc.equal(pc.floor_temporal(buckets, unit=unit), buckets)).as_py():
        raise SeriesError(f"{file}: not every bucket is the start of a {unit}; see --freq.")
    starts = [first + step * place for place in range((last - first) // step + 1)]
    return [start.date() for start in starts] if freq == "D" else list(starts)


def _place(buckets: pa.ChunkedArray, first: date, freq: Freq) -> pa.ChunkedArray:
    start = pa.scalar(datetime(first.year, first.month, first.day), pa.timestamp("us"))
    between = pc.days_between if freq == "D" else pc.hours_between
    places = between(start, buckets.cast(pa.timestamp("us")))
    return pc.subtract(places, first.hour) if isinstance(first, datetime) else places


def _season(start: date, freq: Freq) -> int:
    hour = start.hour if freq == "H" and isinstance(start, datetime) else 0
    return start.weekday() * 24 + hour if freq == "H" else start.weekday()
