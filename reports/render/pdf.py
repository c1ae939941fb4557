"""The summary as PDF: the page on A4, tagged for whoever hears it, with the project's own font.

Nothing is fetched: the font lies beside this file, an address that got into the page is refused.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from reports.errors import NoPdfError
from reports.render.html import print_html
from reports.summary import Summary

FONTS = Path(__file__).parent / "fonts"


def require_pango() -> Any:
    """WeasyPrint, loaded. Raises NoPdfError where the system's Pango is missing."""
    try:
        # Not before it is needed: it loads libraries of the system.
        import weasyprint
    except OSError as error:
        raise NoPdfError(
            "no PDF: Pango, which lays out its text, is not on this machine. Install it "
            "(Debian and Ubuntu: apt-get install libpango-1.0-0 libpangoft2-1.0-0; macOS: "
            f"brew install pango) and make the report again. ({error})"
        ) from error
    return weasyprint


def summary_pdf(summary: Summary) -> bytes:
    """The PDF (PDF/UA-1). Raises NoPdfError where the system's Pango is missing, and where a page
    cannot be laid out.
    """
    weasyprint = require_pango()
    # What it says of style sheets is about rules for screens.
    logging.getLogger("weasyprint").setLevel(logging.ERROR)
    fonts = weasyprint.text.fonts.FontConfiguration()
    sheet = weasyprint.CSS(
        filename=FONTS / "inter.css",
        url_fetcher=weasyprint.urls.URLFetcher(allowed_protocols=["file"]),
        font_config=fonts,
    )
    nothing = weasyprint.urls.URLFetcher(allowed_protocols=[])
    page = weasyprint.HTML(string=print_html(summary), url_fetcher=nothing)
    try:
        made: bytes = page.write_pdf(stylesheets=[sheet], font_config=fonts, pdf_variant="pdf/ua-1")
    except Exception as error:
        # It is one of six files; the others need not wait for what its layout trips over.
        raise NoPdfError(
            f"no PDF: WeasyPrint cannot lay out summary.html ({type(error).__name__}: {error}). "
            "Look there for a text of unusual length, and please report it."
        ) from error
    return made
