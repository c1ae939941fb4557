"""Mail, PDF, workbook and JSON of a report, each read back by another program than made it."""

import csv
import io
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest
from PIL import Image

from reports.errors import NoPdfError
from reports.files import Written, write_report
from reports.periods import WEEKLY
from reports.render import pdf
from tests.report_support import AS_OF, MONDAY, SCRIPT, WEEK, Shop, fill

LONG = "<img src=x onerror=alert(1)> ‮" + "W" * 10_000 + " 🙂"


def filled(connection: duckdb.DuckDBPyConnection) -> Shop:
    """This week returns 300 (AI 120, people 150, 30 by nobody), 240 the week before; others 100."""
    made = Shop(connection)
    fill(made)
    for name, start, sides in (
        ("returns", MONDAY, {"all": 300, "ai_handled": 120, "human_handled": 150}),
        ("returns", MONDAY - WEEK, {"all": 240, "ai_handled": 100, "human_handled": 140}),
        (SCRIPT, MONDAY, {"all": 100, "human_handled": 100}),
    ):
        for handling, tickets in sides.items():
            made.insert(
                "kpi_values", "tickets_created", "count", "week", start, start + WEEK, handling,
                "all", name, "all", "all", tickets, None, None, tickets, "event", False, True,
                False, AS_OF, "v1",
            )  # fmt: skip
    return made


@pytest.fixture
def shop() -> Iterator[Shop]:
    with duckdb.connect() as connection:
        yield filled(connection)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    with duckdb.connect() as connection:
        return write_report(filled(connection).connection, tmp_path_factory.mktemp("w"), WEEKLY)


def content(written: Written, kind: str) -> bytes:
    return (written.folder / f"summary.{kind}").read_bytes()


def mail_of(written: Written) -> EmailMessage:
    mail = message_from_bytes(content(written, "eml"), policy=policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


def text_of(mail: EmailMessage, kind: str) -> str:
    body = mail.get_body((kind,))
    assert body is not None
    return str(body.get_content())


class Tags(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_mail_has_text_html_pictures_and_files(written: Written) -> None:
    mail = mail_of(written)
    kinds = [part.get_content_type() for part in mail.walk() if not part.is_multipart()]
    assert kinds[:2] == ["text/plain", "text/html"]
    assert kinds.count("image/png") == 4
    attached = {part.get_filename(): part.get_content() for part in mail.iter_attachments()}
    assert attached["support-2026-W47.pdf"] == content(written, "pdf")
    assert attached["support-2026-W47.xlsx"] == content(written, "xlsx")
    table = attached["support-2026-W47.csv"].splitlines()
    assert table == content(written, "csv").decode().splitlines()
    html = text_of(mail, "html")
    assert len(html.encode()) < 100_000
    pictures = {
        str(part["Content-ID"]).strip("<>"): part.get_content()
        for part in mail.walk()
        if part.get_content_type() == "image/png"
    }
    shown = [attrs for tag, attrs in Tags(html).found if tag == "img"]
    assert {f"cid:{name}" for name in pictures} == {attrs["src"] for attrs in shown}
    assert all(png.startswith(b"\x89PNG") and len(png) > 500 for png in pictures.values())
    (csat,) = [attrs for attrs in shown if attrs["src"] == "cid:csat@bookbag"]
    assert "from 4.22 to 4.41, lowest 4.22, highest 4.47" in str(csat["alt"])
    assert mail["Subject"] == "Weekly support summary 2026-W47, acme & sons"
    assert str(mail["Date"]) == "Mon, 23 Nov 2026 00:00:00 +0100"
    assert mail["To"] is None


@pytest.mark.parametrize("kind", ["plain", "html"])
def test_the_mail_tells_the_hand_worked_figures(written: Written, kind: str) -> None:
    told = text_of(mail_of(written), kind)
    words = " ".join((told if kind == "plain" else Tags(told).text).replace("\xa0", " ").split())
    for said in (
        "4.41 / 5", "+0.06", "Target ≥ 4.30", "1,204 ratings", "2,251 of 3,881 contacts",
        "the newest that is final", "2026-W47 stands at 53.0 %, not final yet", "human is 0 by",
        "Three of four headline figures are on target.", "expected 4.31 to 4.48",
        "+25 % from 240", "none the week before", "gorgias", "its data end on 16 November 2026",
        "no rosters are loaded", "1,204 rows set aside",
    ):  # fmt: skip
        assert said in words, said
    assert "777" not in words  # the week that is not over


def test_nothing_in_the_mail_is_fetched_and_what_people_typed_is_text(
    shop: Shop, tmp_path: Path
) -> None:
    shop.connection.execute("update marts.kpi_catalog set owner = ?, protocol = ?", [LONG, LONG])
    shop.connection.execute("update marts.alerts set context = ?, channel = ?", [LONG, LONG])
    written = write_report(shop.connection, tmp_path, WEEKLY)
    tags = Tags(text_of(mail_of(written), "html")).found
    assert {tag for tag, _ in tags} >= {"img", "table"}
    assert not {tag for tag, _ in tags} & {"script", "iframe", "object", "link", "form"}
    assert all(str(attrs["src"]).startswith("cid:") for tag, attrs in tags if tag == "img")
    assert not [name for _, attrs in tags for name in attrs if name.startswith("on")]
    # Lines of a mail end after at most 998 characters (RFC 5322).
    assert max(map(len, content(written, "eml").split(b"\r\n"))) <= 998
    assert "‮" not in text_of(mail_of(written), "plain")
    assert "<img src=x onerror=alert(1)>" in poppler("pdftotext", written, "-")


def poppler(program: str, written: Written, *given: str) -> str:
    """What a program of Poppler says of the PDF, in words parted by one space."""
    found = shutil.which(program)
    assert found, f"{program} is missing: apt-get install poppler-utils"
    command = [found, str(written.folder / "summary.pdf"), *given]
    said = subprocess.run(command, capture_output=True, check=True, timeout=60).stdout
    return " ".join(said.decode().split())


def test_the_pdf_is_tagged_has_its_own_font_and_the_figures(written: Written) -> None:
    about = poppler("pdfinfo", written)
    assert "Tagged: yes" in about and "Title: Weekly support summary, 2026-W47" in about
    found = re.search(r"Pages: (\d+)", about)
    assert found and 2 <= int(found[1]) <= 5
    text = poppler("pdftotext", written, "-layout", "-")
    for said in (
        *("Weekly support summary", "4.41", "+0.06, better", "Target ≥ 4.30 · On target"),
        *("Returns", "300 120 150 +25 % from 240", "2,251 of 3,881 contacts", SCRIPT),
    ):
        assert said in text, said
    fonts = re.findall(r"[A-Z]{6}\+(\S+)", poppler("pdffonts", written))
    assert {"Inter", "Inter-Bold"} <= set(fonts)


def test_trends_and_bars_are_drawn_in_the_pdf(written: Written, tmp_path: Path) -> None:
    poppler("pdftoppm", written, "-png", "-r", "72", str(tmp_path / "page"))
    colours: set[Any] = set()
    for path in tmp_path.glob("page*.png"):
        with Image.open(path) as page:
            colours |= {colour for _, colour in page.convert("RGB").getcolors(1_000_000) or ()}
    # Of the AI's part of a bar, and of people's.
    assert {(0x1F, 0x5F, 0xC4), (0x8F, 0xB5, 0xE8)} <= colours


def test_a_machine_without_pango_makes_the_rest_and_says_what_to_install(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cannot(_: object) -> bytes:
        raise NoPdfError("no PDF: Pango is not on this machine")

    monkeypatch.setattr("reports.files.summary_pdf", cannot)
    (tmp_path / "weekly/2026-W47").mkdir(parents=True)
    (tmp_path / "weekly/2026-W47/summary.pdf").write_bytes(b"of another time")
    written = write_report(shop.connection, tmp_path, WEEKLY)
    assert written.lacks == ("no PDF: Pango is not on this machine",)
    kinds = sorted(path.suffix for path in written.folder.iterdir())
    assert kinds == [".csv", ".eml", ".html", ".json", ".xlsx"]
    names = [part.get_filename() for part in mail_of(written).iter_attachments()]
    assert names == ["support-2026-W47.xlsx", "support-2026-W47.csv"]


def test_pango_that_cannot_be_loaded_is_named_with_the_cure(
    written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = __import__

    def without(name: str, *args: Any, **given: Any) -> Any:
        if name.startswith("weasyprint"):
            raise OSError("cannot load library 'libpango-1.0-0'")
        return real(name, *args, **given)

    monkeypatch.setattr("builtins.__import__", without)
    with pytest.raises(NoPdfError, match="apt-get install libpango"):
        pdf.summary_pdf(written.summary)


def rows_of(sheet: Any) -> dict[str, list[Any]]:
    return {str(row[0].value): [cell.value for cell in row] for row in sheet.iter_rows()}


def named(sheet: dict[str, list[Any]], row: list[Any]) -> dict[str, Any]:
    return dict(zip(sheet["Figure"], row, strict=True))


def test_the_workbook_has_numbers_and_no_formula(written: Written) -> None:
    book = openpyxl.load_workbook(io.BytesIO(content(written, "xlsx")))
    names = ["Headline", "AI and human", "Categories", "13 weeks", "Definitions"]
    assert book.sheetnames == names
    headline = rows_of(book["Headline"])
    csat = named(headline, headline["CSAT (average and positive %), mean"])
    assert csat["This week"] == pytest.approx(4.41) and csat["Week before"] == pytest.approx(4.35)
    assert (csat["Target"], csat["Standing"], csat["n"]) == (4.3, "On target", 1204)
    rate = named(headline, headline["Deflection rate"])
    assert rate["Period"] == "2026-W46" and rate["This week"] == pytest.approx(2251 / 3881)
    backlog = named(headline, headline["Backlog (as-of)"])
    assert backlog["This week"] is None and "nothing to measure" in backlog["Note"]
    full = named(headline, headline["Resolution time — full, median"])
    # 15,120 seconds are 4:12 hours.
    assert full["This week"].total_seconds() == 15_120
    categories = rows_of(book["Categories"])
    assert categories["Returns"][1:6] == [300, 0.75, 240, 120, 150]
    assert categories[SCRIPT.capitalize()][1:6] == [100, 0.25, 0, 0, 100]
    trend = rows_of(book["13 weeks"])
    assert trend["Figure"][3] == "2026-W35" and trend["Figure"][15] == "2026-W47"
    definitions = rows_of(book["Definitions"])
    assert definitions["=Revenue saved"][10] == "yes"
    assert definitions["Headcount gap"][10] == "no: no rosters are loaded"
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type != "f" and cell.hyperlink is None
                if cell.data_type == "s" and str(cell.value).startswith(("=", "+", "-", "@")):
                    assert cell.quotePrefix, cell.value
    xml = io.BytesIO(content(written, "xlsx"))
    assert sum(1 for _ in re.finditer(b"sparkline>", _part(xml, "xl/worksheets/sheet4.xml"))) > 8


def _part(archive: io.BytesIO, name: str) -> bytes:
    import zipfile

    return zipfile.ZipFile(archive).read(name)


@pytest.mark.slow
def test_a_spreadsheet_program_opens_the_workbook(written: Written, tmp_path: Path) -> None:
    office = shutil.which("soffice")
    assert office, "LibreOffice is missing: apt-get install libreoffice-calc-nogui"
    made = subprocess.run(
        [
            *(office, "--headless", f"-env:UserInstallation={(tmp_path / 'office').as_uri()}"),
            *("--convert-to", "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false"),
            *("--outdir", str(tmp_path), str(written.folder / "summary.xlsx")),
        ],
        capture_output=True,
        check=True,
        timeout=120,
    )
    assert b"Error" not in made.stderr
    (path,) = tmp_path.glob("summary*.csv")
    rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
    shown = {row["Figure"]: row for row in rows}
    assert shown["CSAT (average and positive %), mean"]["This week"] == "4.41"
    assert shown["Deflection rate"]["This week"].startswith("58.0")
    assert "4:12:00" in shown["Resolution time — full, median"]["This week"]
    assert shown["=Revenue saved"]["This week"] == "1234.5"


def test_the_json_has_raw_values_and_null_where_unknown(written: Written) -> None:
    told = json.loads(content(written, "json"))
    assert told["period"] == {"name": "2026-W47", "start": "2026-11-16", "end": "2026-11-23"}
    heads = {each["kpi"]: each for each in told["headlines"]}
    assert list(heads) == [
        "csat", "deflection_rate", "first_contact_resolution", "tickets_per_order",
    ]  # fmt: skip
    assert heads["csat"]["value"] == pytest.approx(4.41) and heads["csat"]["tier"] == "better"
    assert heads["deflection_rate"]["period"] == "2026-W46"
    assert heads["deflection_rate"]["pending"]["value"] == pytest.approx(0.53)
    assert heads["first_contact_resolution"]["ai"] is None
    assert len(heads["csat"]["trend"]) == 13
    rows = {(each["kpi"], each["stat"]): each for each in told["diagnostics"]}
    assert rows["backlog", "count"]["value"] is None
    assert rows["full_resolution_time", "median"]["value"] == 15_120
    assert [each["tickets"] for each in told["categories"]] == [300, 100]
    assert {each["alert_id"] for each in told["alerts"]} == {"a1", "a2", "a3"}
    assert told["unavailable"] == [{"kpi": "Headcount gap", "reason": "no rosters are loaded"}]


def test_a_shop_without_ratings_and_one_in_its_first_week_still_get_every_file(
    shop: Shop, tmp_path: Path
) -> None:
    shop.connection.execute("delete from marts.kpi_values where kpi = 'csat'")
    shop.connection.execute(
        "update marts.kpi_catalog set available = false, unavailable_reason = 'no ratings'"
        " where kpi = 'csat'"
    )
    shop.connection.execute("delete from marts.kpi_values where period_start < date '2026-11-16'")
    written = write_report(shop.connection, tmp_path, WEEKLY)
    assert len(written.files) == 6
    mail = mail_of(written)
    told = text_of(mail, "plain").replace("\r\n", "\n")
    assert "No figure: no ratings." in told and "CSAT\n—\n" in told
    assert "No figure: no week is final yet." in told  # deflection waits for what comes later
    headline = rows_of(openpyxl.load_workbook(io.BytesIO(content(written, "xlsx")))["Headline"])
    assert headline["CSAT (average and positive %), mean"][2] is None
    pictures = [part.get_filename() for part in mail.walk() if part.get_filename()]
    assert "csat.png" not in pictures and "tickets_per_order.png" in pictures
