"""Delimited text → Arrow batches of text columns, row by row where the quotes make that necessary.

Rows that have the header's number of fields go to Arrow's parser together; suspicious ones (a quote
where none belongs, a field over several lines, a carriage return inside) are read singly, so that
one bad row costs itself and nothing else.
"""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv

from ingestion.errors import IngestError
from ingestion.export.lines import (
    CUT_SHORT,
    LINE,
    MAX_LINE_BYTES,
    NEWLINE,
    RETURN,
    TEXT,
    UNREADABLE,
    Batch,
    Broken,
    LineReader,
    Lines,
    Marks,
    Positions,
    indices,
)
from ingestion.export.reading import ByteStream

# A quote that nobody closes would swallow the rest of the file; a real field is shorter than this.
MAX_ROW_LINES = 10_000

_OPEN = "a quote that is never closed"
_AFTER = "text after a closing quote"
_QUOTE = 34
# Stands for a carriage return inside a line, which pandas writes without quotes and `csv` refuses.
_RETURN_MARK = "\ufdd1"


class DelimitedFile:
    """A delimited file: `header` (its names made distinct; empty if the file is), `batches()`.

    The batches' columns are called by `field_name` of their position, whatever the header says.
    """

    def __init__(self, path: Path, delimiter: str, encoding: str, where: str) -> None:
        if len(delimiter) != 1 or not delimiter.isascii() or delimiter in '"\r\n':
            raise IngestError(
                f"{where}: the delimiter {delimiter!r} is not one ASCII character."
                " Set `delimiter` to the character that stands between two fields."
            )
        self.path = path
        self.where = where
        self.delimiter = delimiter
        self.encoding = encoding
        csv.field_size_limit(MAX_LINE_BYTES)
        with ByteStream(path, encoding, where) as stream:
            self.header, self._header_bytes, self._header_lines = self._read_header(stream)
        self._fields = [field_name(position) for position in range(len(self.header))]

    def batches(self) -> Iterator[Batch]:
        if not self.header:
            return
        with ByteStream(self.path, self.encoding, self.where) as stream:
            reader = LineReader(stream, self._header_bytes, self._header_lines + 1)
            is_told = False
            for lines in reader.blocks():
                is_told = reader.is_torn(lines)
                batch, used = self._split(lines, is_told)
                reader.put_back(lines, used)
                yield batch
            if stream.is_cut_short and not is_told:
                yield Batch(self._table([], []), [Broken(reader.line, CUT_SHORT, "")])

    def _read_header(self, stream: ByteStream) -> tuple[list[str], int, int]:
        """The names, and the bytes and lines that the header takes."""
        passed = 0
        for lines in LineReader(stream).blocks():
            blank = lines.blank()
            if blank.all():
                passed += len(lines.data)
                continue
            start = int(np.argmin(blank))
            fields, used, problem = self._read_row(lines, start)
            if fields is None or lines.undecodable[start : start + used].any():
                raise IngestError(
                    f"{self.where}:{lines.first + start}: the header cannot be read as"
                    f" {stream.encoding} ({problem or 'undecodable bytes'}). Set `encoding` to"
                    " what the file is written in, such as cp1252 or utf-16."
                )
            after = start + used
            size = int(lines.starts[after]) if after < len(lines) else len(lines.data)
            return unique_names(fields), passed + size, lines.first + after - 1
        return [], 0, 0

    def _split(self, lines: Lines, is_torn: bool) -> tuple[Batch, int]:
        """Rows of the block and how many of its lines they took: an open row waits for more."""
        counts, suspicious = _field_counts(lines, self.delimiter)
        is_row = ~(lines.blank() & (counts == 1))
        suspicious &= is_row
        broken: list[Broken] = []
        numbers: list[int] = []
        fields_of: list[list[str]] = []
        taken = np.zeros(len(lines), dtype=np.bool_)
        end, used = 0, len(lines)
        for index in indices(suspicious):
            if index < end:
                continue
            fields, count, problem = self._read_row(lines, index)
            if fields is None and not lines.is_last and problem == _OPEN and count < MAX_ROW_LINES:
                used = index
                break
            end = index + count if fields is not None else index + 1
            taken[index:end] = True
            if is_torn and end == len(lines):
                fields, problem = None, CUT_SHORT
            elif lines.undecodable[index:end].any():
                fields, problem = None, UNREADABLE.format(encoding=lines.encoding)
            if fields is not None and len(fields) == len(self.header):
                numbers.append(index + lines.first)
                fields_of.append(fields)
                continue
            text = "\n".join(lines.text(i) for i in range(index, end))
            reason = problem if fields is None else self._count_reason(len(fields))
            broken.append(Broken(index + lines.first, reason, text))
        is_row &= ~taken
        is_row[used:] = False
        if is_torn and is_row[-1]:
            broken.append(Broken(len(lines) - 1 + lines.first, CUT_SHORT, lines.text(-1)))
            is_row[-1] = False
        broken += lines.broken_bytes(lines.undecodable & is_row)
        is_row &= ~lines.undecodable
        wrong = is_row & (counts != len(self.header))
        for index in indices(wrong):
            reason = self._count_reason(int(counts[index]))
            broken.append(Broken(index + lines.first, reason, lines.text(index)))
        clean = self._parse(lines, is_row & ~wrong)
        return Batch(pa.concat_tables([clean, self._table(numbers, fields_of)]), broken), used

    def _read_row(self, lines: Lines, index: int) -> tuple[list[str] | None, int, str]:
        """Fields of the row that starts in line `index`, the lines it takes, or what is wrong."""
        last = min(index + MAX_ROW_LINES, len(lines))
        texts = (_without_returns(lines.text(i, with_end=True)) for i in range(index, last))
        reader = csv.reader(texts, delimiter=self.delimiter, strict=True)
        try:
            fields = [value.replace(_RETURN_MARK, "\r") for value in next(reader)]
            return fields, reader.line_num, ""
        except csv.Error as error:
            said = str(error)
            problem = _OPEN if "unexpected end" in said else _AFTER if "expected" in said else said
            return None, reader.line_num, problem

    def _count_reason(self, count: int) -> str:
        return f"{count} fields where the header has {len(self.header)}"

    def _parse(self, lines: Lines, kept: Marks) -> pa.Table:
        """Rows that are one line each and have the right number of fields."""
        meta = lines.columns(kept)
        if not kept.any():
            return self._table([], [])
        text = meta[TEXT]
        body = text.buffers()[2]
        table = pa_csv.read_csv(
            pa.BufferReader(body),
            read_options=pa_csv.ReadOptions(
                column_names=self._fields, use_threads=False, block_size=max(len(body), 1)
            ),
            parse_options=pa_csv.ParseOptions(delimiter=self.delimiter),
            convert_options=pa_csv.ConvertOptions(
                column_types=dict.fromkeys(self._fields, pa.string()), strings_can_be_null=False
            ),
        )
        if table.num_rows != len(text):
            raise IngestError(
                f"{self.where}: {len(text)} rows were split but {table.num_rows} parsed, from"
                f" line {lines.first} on. Write the file with every field in double quotes."
            )
        return table.append_column(LINE, meta[LINE]).append_column(TEXT, text)

    def _table(self, numbers: list[int], fields_of: list[list[str]]) -> pa.Table:
        columns: list[tuple[str, ...]] = (
            list(zip(*fields_of, strict=True)) if fields_of else [()] * len(self.header)
        )
        arrays = [pa.array(column, pa.string()) for column in columns]
        texts = pa.array([_joined(row, self.delimiter) for row in fields_of], pa.large_string())
        return pa.table(
            [*arrays, pa.array(numbers, pa.int64()), texts], names=[*self._fields, LINE, TEXT]
        )


def field_name(position: int) -> str:
    """What a column is called between the file and the contract: header names may be anything."""
    return f"f{position}"


def unique_names(header: list[str]) -> list[str]:
    """Header names made distinct: the second `<name>` becomes `<name>_2`."""
    names: list[str] = []
    taken = {name.strip() for name in header}
    for name in (name.strip() for name in header):
        unique, count = name, 1
        while unique in names or (count > 1 and unique in taken):
            count += 1
            unique = f"{name}_{count}"
        names.append(unique)
    return names


def _without_returns(line: str) -> str:
    if "\r" not in line:
        return line
    end = "\r\n" if line.endswith("\r\n") else ""
    return line.removesuffix(end).replace("\r", _RETURN_MARK) + end


def _joined(fields: list[str], delimiter: str) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="").writerow(fields)
    return out.getvalue()


def _field_counts(lines: Lines, delimiter: str) -> tuple[Positions, Marks]:
    """Fields of each line, and which lines must be read singly because of what is in them."""
    delimiters: Positions = np.flatnonzero(lines.bytes == ord(delimiter))
    quotes: Positions = np.flatnonzero(lines.bytes == _QUOTE)
    suspicious = np.zeros(len(lines), dtype=np.bool_)
    if len(quotes):
        of_quote = lines.of(quotes)
        before_line = np.searchsorted(quotes, lines.starts)
        is_opening = (np.arange(len(quotes)) - before_line[of_quote]) % 2 == 0
        is_edge = np.zeros(256, dtype=np.bool_)
        is_edge[[ord(delimiter), _QUOTE, NEWLINE, RETURN]] = True
        padded = np.concatenate(([NEWLINE], lines.bytes, [NEWLINE]))
        fits = np.where(is_opening, is_edge[padded[quotes]], is_edge[padded[quotes + 2]])
        suspicious[of_quote[~fits]] = True
        count = np.diff(np.append(before_line, len(quotes)))
        suspicious |= count % 2 == 1
        of_delimiter = lines.of(delimiters)
        quotes_before = np.searchsorted(quotes, delimiters) - before_line[of_delimiter]
        delimiters = delimiters[quotes_before % 2 == 0]
    returns: Positions = np.flatnonzero(lines.bytes == RETURN)
    if len(returns):
        # Arrow takes any of them for the end of a row.
        of_return = lines.of(returns)
        suspicious[of_return[returns < lines.ends[of_return]]] = True
    before = np.searchsorted(delimiters, lines.starts)
    return np.diff(np.append(before, len(delimiters))) + 1, suspicious
