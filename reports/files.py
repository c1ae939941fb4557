"""Writes a report into the home folder.

Every file is made in memory first and put in place by a rename, so that a reader never meets half a
report and a failure leaves the earlier one as it was.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import duckdb

from reports.errors import NoPdfError
from reports.periods import Rhythm
from reports.render.html import summary_html
from reports.render.machine import summary_json
from reports.render.mail import Attachment, summary_mail
from reports.render.pdf import summary_pdf
from reports.render.workbook import summary_xlsx
from reports.scorecard import scorecard_csv
from reports.summary import Summary, build_summary


@dataclass(frozen=True)
class Written:
    """The files of a report, and why one that there should be is not among them."""

    summary: Summary
    files: list[Path]
    lacks: str | None = None

    @property
    def folder(self) -> Path:
        return self.files[0].parent


def write_report(
    connection: duckdb.DuckDBPyConnection, folder: Path, rhythm: Rhythm, name: str | None = None
) -> Written:
    """Writes <folder>/<weekly|monthly>/<period>/summary.html, .csv, .json, .xlsx, .pdf and .eml.

    `connection` is open on the published copy; `name` is an ISO week or a month, None for the
    latest complete one. Raises ReportError when there is no such complete period.
    """
    summary = build_summary(connection, rhythm, name)
    lacks = None
    contents = {
        "html": summary_html(summary).encode(),
        "csv": scorecard_csv(summary.scorecard, summary.period, summary.account.currency).encode(),
        "json": summary_json(summary),
        "xlsx": summary_xlsx(summary),
    }
    try:
        contents["pdf"] = summary_pdf(summary)
    except NoPdfError as error:
        lacks = str(error)
    label = summary.period.label
    attached = [
        Attachment(f"support-{label}.{kind}", kind, contents[kind])
        for kind in ("pdf", "xlsx", "csv")
        if kind in contents
    ]
    contents["eml"] = summary_mail(summary, attached)
    target = folder / rhythm.name / label
    target.mkdir(parents=True, exist_ok=True)
    if lacks:
        # The one of an earlier time shows other figures.
        (target / "summary.pdf").unlink(missing_ok=True)
    files = [_put(target / f"summary.{kind}", content) for kind, content in contents.items()]
    return Written(summary, files, lacks)


def _put(path: Path, content: bytes) -> Path:
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        draft.write_bytes(content)
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    return path
