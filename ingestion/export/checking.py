"""Settings that no file could be read with, found before any file is opened.

A pattern or a format that the engine does not understand would otherwise fail in the middle of a
load, and look like the fault of a file.
"""

import codecs
from collections.abc import Mapping

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.errors import IngestError


def check_format(
    where: str,
    *,
    datetime_format: str | None,
    delimiter: str | None,
    encoding: str | None,
    decimal: str | None,
) -> None:
    """Raises IngestError on the first setting that cannot work; None is not looked at."""
    if datetime_format is not None:
        _check_datetime_format(where, datetime_format)
    if delimiter is not None and (
        len(delimiter) != 1 or not delimiter.isascii() or delimiter in '"\r\n'
    ):
        raise IngestError(
            f"{where}: the delimiter {delimiter!r} is not one ASCII character. Set `delimiter` to"
            " the character that stands between two fields."
        )
    if encoding is not None:
        try:
            codecs.lookup(encoding)
        except LookupError:
            raise IngestError(
                f"{where}: the encoding {encoding!r} is unknown. Name one that Python knows, such"
                " as utf-8, cp1252 or utf-16."
            ) from None
    if decimal is not None and decimal not in (".", ","):
        raise IngestError(f"{where}: the decimal sign {decimal!r} is neither '.' nor ','.")


def check_rows(where: str, rows: Mapping[str, str]) -> None:
    """Raises IngestError on a regular expression that RE2, which DuckDB uses, does not know."""
    for column, pattern in rows.items():
        try:
            pc.match_substring_regex(pa.array([""]), pattern)
        except pa.ArrowInvalid as error:
            raise IngestError(
                f"{where}: the expression {pattern!r} for rows of {column!r} cannot be used:"
                f" {error}. Write it without look-around and back-references."
            ) from None


def _check_datetime_format(where: str, datetime_format: str) -> None:
    with duckdb.connect() as connection:
        try:
            connection.execute("select try_strptime('', ?)", [datetime_format])
        except duckdb.Error as error:
            raise IngestError(
                f"{where}: the datetime_format {datetime_format!r} cannot be used:"
                f" {str(error).splitlines()[0]} Write it with strptime's directives, such as"
                " %d/%m/%Y %H:%M."
            ) from None
