"""Writes a report into the home folder.

Every file is made in memory first and put in place by a rename, so that a reader never meets half a
report and a failure leaves the earlier one as it was.
"""

from __future__ import annotations

import os
from pathlib import Path

import duckdb

from reports.periods import Rhythm
from reports.render.html import summary_html
from reports.scorecard import scorecard_csv
from reports.summary import build_summary


def write_report(
    connection: duckdb.DuckDBPyConnection, folder: Path, rhythm: Rhythm, name: str | None = None
) -> list[Path]:
    """Writes <folder>/<weekly|monthly>/<period>/summary.html and summary.csv; their paths, in that
    order.

    `connection` is open on the published copy; `name` is an ISO week or a month, None for the
    latest complete one. Raises ReportError when there is no such complete period.
    """
    summary = build_summary(connection, rhythm, name)
    contents = {
        "summary.html": summary_html(summary),
        "summary.csv": scorecard_csv(connection, summary.period, summary.account.currency),
    }
    target = folder / rhythm.name / summary.period.label
    target.mkdir(parents=True, exist_ok=True)
    return [_put(target / name, text) for name, text in contents.items()]


def _put(path: Path, text: str) -> Path:
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        draft.write_bytes(text.encode("utf-8"))
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    return path
