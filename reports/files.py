"""Writes a report into the home folder.

Every file is made in memory first, so that a failure leaves the earlier report as it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

from reports.errors import NoMailError, NoPdfError
from reports.periods import Rhythm
from reports.placing import place
from reports.render.html import summary_html
from reports.render.machine import summary_json
from reports.render.mail import Attachment, summary_mail
from reports.render.pdf import summary_pdf
from reports.render.workbook import summary_xlsx
from reports.scorecard import scorecard_csv
from reports.summary import Summary, build_summary


@dataclass(frozen=True)
class Written:
    """The files of a report, the mail that it makes, and why what is not among them is not."""

    summary: Summary
    files: list[Path]
    mail: bytes | None
    lacks: tuple[str, ...] = ()

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
    contents = {
        "html": summary_html(summary).encode(),
        "csv": scorecard_csv(summary.scorecard, summary.period, summary.account.currency).encode(),
        "json": summary_json(summary),
        "xlsx": summary_xlsx(summary),
    }
    lacks = []
    try:
        contents["pdf"] = summary_pdf(summary)
    except NoPdfError as error:
        lacks.append(str(error))
    label = summary.period.label
    attached = [
        Attachment(f"support-{label}.{kind}", kind, contents[kind])
        for kind in ("pdf", "xlsx", "csv")
        if kind in contents
    ]
    try:
        contents["eml"] = summary_mail(summary, attached)
    except NoMailError as error:
        lacks.append(str(error))
    target = folder / rhythm.name / label
    files = [place(target / f"summary.{kind}", content) for kind, content in contents.items()]
    for kind in {"pdf", "eml"} - contents.keys():
        # The one of an earlier time shows other figures.
        (target / f"summary.{kind}").unlink(missing_ok=True)
    return Written(summary, files, contents.get("eml"), tuple(lacks))
