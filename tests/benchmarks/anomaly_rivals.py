"""Our detector beside the default rules of elementary and re_data, judged by one scorer.

    python -m tests.benchmarks.anomaly_rivals SCORE_PY SET_DIR …

Sets of one frequency are pooled. SCORE_PY is the scorer of the bench. Only the rules are compared,
written anew as functions of an array, each with what a user gets who sets nothing:

- elementary (dbt package `elementary` 0.25; elementary-data/dbt-data-reliability,
  macros/edr/data_monitoring/anomaly_detection/get_anomaly_scores_query.sql, macros/edr/tests/
  test_configuration/get_days_back.sql, macros/edr/system/system_utils/get_config_var.sql;
  docs.elementary-data.com, data-tests/anomaly-detection-configuration): |z| > 3 of a mean and a
  standard deviation over 14 days that end with the tested bucket; with `seasonality: day_of_week`
  (`hour_of_week` of hours) over the same weekday (hour) in 98 days.
- re_data (dbt package `re_data` 0.8 and later; re-data/dbt-re-data, dbt_project.yml,
  models/alerts/re_data_z_score.sql, models/metrics/for_anomalies/re_data_last_stats.sql):
  `anomaly_detector` modified_z_score with a threshold of 3, of the 30 days before and the tested
  bucket. Up to 0.5 it was a z-score of 3 (`alerting_z_score`), given here over the 30 days before
  alone, which is kinder to it. Some commits of the SQL exchange the names of the median and of the
  first quartile; here the median is the median.

All look at `value`. A bucket without a value is not tested. Neither package knows a calendar.
"""

import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import process_time
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from expectations.anomalies.series_file import (
    Freq,
    Series,
    detect,
    read_calendar,
    read_series,
)

Floats = NDArray[np.float64]
Rule = Callable[[Floats, int, int], Floats]

Z: Final = 3.0
ELEMENTARY_DAYS, RE_DATA_DAYS = 14, 30
# Of a mean absolute deviation, where the median one is 0; and of a median one.
MEAN_SIGMA, MEDIAN_SIGMA = 1.253314, 0.6745
# Of fewer a deviation says nothing; of 10 with the tested one no z is beyond 3.
FEWEST: Final = 7


def elementary(value: Floats, per_day: int, season: int) -> Floats:
    """z of each bucket in the 14 days that end with it."""
    return _zscore(_windows(value, ELEMENTARY_DAYS * per_day), value)


def elementary_seasonal(value: Floats, per_day: int, season: int) -> Floats:
    """z of each bucket among those of its weekday or hour of the week in 98 days, itself too."""
    z = np.full(value.shape, np.nan)
    for part in range(season):
        same = value[:, part::season]
        z[:, part::season] = _zscore(_windows(same, ELEMENTARY_DAYS), same)
    return z


def re_data(value: Floats, per_day: int, season: int) -> Floats:
    """Modified z of each bucket in the 30 days before and itself."""
    windows = _windows(value, RE_DATA_DAYS * per_day + 1)
    z = np.empty(value.shape)
    # An hour of a month is 720 figures: a series at a time.
    for row, window in enumerate(windows):
        middle = np.nanmedian(window, axis=1)
        apart = np.abs(window - middle[:, None])
        median, mean = np.nanmedian(apart, axis=1), np.nanmean(apart, axis=1)
        away = value[row] - middle
        z[row] = np.where(
            median > 0,
            MEDIAN_SIGMA * away / np.maximum(median, 1e-10),
            away / (MEAN_SIGMA * np.maximum(mean, 1e-10)),
        )
    return z


def re_data_plain(value: Floats, per_day: int, season: int) -> Floats:
    """z of each bucket beside the 30 days before."""
    windows = _windows(value, RE_DATA_DAYS * per_day + 1)[:, :, :-1]
    return _zscore(windows, value)


RULES: Final[dict[str, Rule]] = {
    "elementary 0.25 (14 days)": elementary,
    "elementary 0.25, seasonality": elementary_seasonal,
    "re_data 0.8 (modified z, 30 days)": re_data,
    "re_data 0.5 (z, 30 days before)": re_data_plain,
}


def _windows(value: Floats, buckets: int) -> Floats:
    """(series, buckets, window): as many as end with each bucket; NaN where there are none."""
    padded = np.pad(value, ((0, 0), (buckets - 1, 0)), constant_values=np.nan)
    return sliding_window_view(padded, buckets, axis=1)


def _zscore(windows: Floats, value: Floats) -> Floats:
    counted = np.isfinite(windows).sum(axis=2)
    spread = np.nanstd(windows, axis=2, ddof=1)
    z = np.divide(
        value - np.nanmean(windows, axis=2), spread, out=np.zeros(value.shape), where=spread > 0
    )
    return np.where(counted >= FEWEST, z, np.nan)


@dataclass(frozen=True)
class Labelled:
    """A set of the bench, read."""

    folder: Path
    freq: Freq
    series: Sequence[Series]


def read(folder: Path) -> Labelled:
    freq: Freq = json.loads((folder / "meta.json").read_text())["freq"]
    return Labelled(folder, freq, read_series(folder / "series.parquet", freq))


def ours(bench: Labelled) -> pa.Table:
    return detect(bench.series, read_calendar(bench.folder / "calendar.csv"), bench.freq)


def flagged(bench: Labelled, rule: Rule) -> pa.Table:
    """What a rule flags: series_id and bucket."""
    per_day, season = (24, 168) if bench.freq == "H" else (1, 7)
    names: list[str] = []
    starts: list[Any] = []
    for each in bench.series:
        with np.errstate(all="ignore"):
            is_far = np.abs(rule(each.seen.value, per_day, season)) > Z
        rows, places = np.nonzero(is_far & np.isfinite(each.seen.value))
        names += [each.names[row] for row in rows.tolist()]
        starts += [each.starts[place] for place in places.tolist()]
    columns = {"series_id": pa.array(names, pa.string())}
    columns["bucket"] = pa.array(starts, bench.series[0].type)
    return pa.table(columns)


def judged(score: Path, flags: Sequence[pa.Table], sets: Sequence[Labelled]) -> dict[str, Any]:
    """The scorer's word on all sets together, and its lines by type of anomaly."""
    with tempfile.TemporaryDirectory() as folder:
        arguments = []
        for number, (table, bench) in enumerate(zip(flags, sets, strict=True)):
            file = Path(folder) / f"{number}.parquet"
            pq.write_table(table, file)
            arguments += [str(file), str(bench.folder)]
        said = subprocess.run(
            [sys.executable, str(score), *arguments], capture_output=True, text=True, check=True
        ).stdout.splitlines()
    found: dict[str, Any] = json.loads(said[-1])
    return {**found, "types": said[:-1]}


def compare(score: Path, sets: Sequence[Labelled], is_long: bool) -> None:
    """A table of the detectors on sets of one frequency."""
    import warnings

    warnings.simplefilter("ignore", RuntimeWarning)  # of windows that are empty
    period = "week" if sets[0].freq == "H" else "quarter"
    print(
        f"| detector | precision | recall | F1 | mean delay | false per series and {period}"
        " | false on calendar days | seconds |\n|---|---|---|---|---|---|---|---|"
    )
    detectors: dict[str, Callable[[Labelled], pa.Table]] = {"bookbag": ours}
    for name, rule in RULES.items():
        detectors[name] = partial(flagged, rule=rule)
    types: list[str] = []
    for name, run in detectors.items():
        began = process_time()
        flags = [run(bench) for bench in sets]
        seconds = process_time() - began
        said = judged(score, flags, sets)
        types = types or said["types"]
        cells = [f"{said[key]:.2f}" for key in ("precision", "recall", "f1")]
        delay = "–" if said["mean_delay"] is None else f"{said['mean_delay']:.1f}"
        cells += [delay, f"{said['false_per_series_period']:.2f}", str(said["false_on_calendar"])]
        print(f"| {name} | {' | '.join(cells)} | {seconds:.1f} |", flush=True)
    if is_long:
        print("\n".join(["", "bookbag by type of anomaly:", *types]))


def main(score: Path, folders: Sequence[Path], is_long: bool = False) -> None:
    by_freq = defaultdict(list)
    for folder in folders:
        bench = read(folder)
        by_freq[bench.freq].append(bench)
    for freq, sets in sorted(by_freq.items()):
        names = ", ".join(bench.folder.name for bench in sets)
        print(f"\n{'Hours' if freq == 'H' else 'Days'}: {names}\n")
        compare(score, sets, is_long)


if __name__ == "__main__":
    given = [argument for argument in sys.argv[1:] if argument != "--types"]
    if len(given) < 2:
        sys.exit(__doc__)
    main(Path(given[0]), [Path(each) for each in given[1:]], "--types" in sys.argv)
