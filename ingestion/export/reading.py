"""Delimited text and JSON lines → Arrow batches whose rows know their physical line.

Files that people export are torn, misquoted and wrongly encoded in places. Rows are split here, on
whole blocks of bytes at once, so that one bad row costs itself and nothing else: rows that have the
header's number of fields go to Arrow's parser together, suspicious ones (a quote where none belongs,
a field over several lines) are read singly, and what cannot be read keeps its line and its text.
"""

import codecs
import csv
import gzip
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv as pa_csv

from ingestion.errors import IngestError

BLOCK_BYTES = 16 * 1024 * 1024
# A quote that nobody closes would swallow the rest of the file; a real field is shorter than this.
MAX_ROW_LINES = 10_000
MAX_FIELD_BYTES = 64 * 1024 * 1024

LINE = "_line"
TEXT = "_text"
CUT_SHORT = "the compressed file ends early"
UNREADABLE = "bytes that are no {encoding} text"

_NEWLINE, _RETURN, _QUOTE = 10, 13, 34
_SPACES = (9, 13, 32)
_REPLACED = "\ufffd".encode()

Positions = npt.NDArray[np.int64]
Marks = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Broken:
    """A row that cannot even be split: its first physical line (from 1), why, and its text."""

    line: int
    reason: str
    text: str


@dataclass(frozen=True)
class Batch:
    """Rows as text columns plus `_line` and, for quarantine, `_text`; and the broken ones."""

    rows: pa.Table
    broken: list[Broken] = field(default_factory=list)


def is_json_lines(name: str) -> bool:
    return name.removesuffix(".gz").endswith((".jsonl", ".ndjson"))


class ByteStream:
    """The bytes of a text file as UTF-8 with `\\n` line ends, whatever it was written in."""

    def __init__(self, path: Path, encoding: str) -> None:
        self.path = path
        self.is_cut_short = False
        try:
            self.encoding = codecs.lookup(encoding).name
        except LookupError:
            raise IngestError(
                f"{path.name}: the encoding {encoding!r} is unknown. Name one that Python knows,"
                " such as utf-8, cp1252 or utf-16."
            ) from None
        self.is_utf8 = self.encoding in ("utf-8", "ascii", "utf-8-sig")
        self._decoder = codecs.getincrementaldecoder(self.encoding)("replace")
        self._file: BinaryIO = (
            gzip.open(path) if path.name.endswith(".gz") else path.open("rb")  # type: ignore[assignment]
        )
        self._is_first = True
        self._has_bare_returns = False

    def __enter__(self) -> "ByteStream":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def read(self) -> bytes:
        """The next block, empty at the end."""
        raw = self._read_raw()
        if not self.is_utf8:
            decoded = self._decoder.decode(raw, final=not raw)
            while raw and not decoded:
                raw = self._read_raw()
                decoded = self._decoder.decode(raw, final=not raw)
            raw = decoded.encode()
        if self._is_first and raw:
            self._is_first = False
            raw = raw.removeprefix(codecs.BOM_UTF8)
            self._has_bare_returns = b"\r" in raw and b"\n" not in raw
        return raw.replace(b"\r", b"\n") if self._has_bare_returns else raw

    def _read_raw(self) -> bytes:
        try:
            return self._file.read(BLOCK_BYTES)
        except EOFError:
            self.is_cut_short = True
            return b""
        except (gzip.BadGzipFile, OSError) as error:
            raise IngestError(
                f"{self.path.name} cannot be read: {error}. Export the file again."
            ) from error


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


class Lines:
    """One block of whole lines, addressed by number; `first` is the physical line of the first."""

    def __init__(self, data: bytes, first: int, stream: ByteStream) -> None:
        self.data = data
        self.first = first
        self.bytes = np.frombuffer(data, dtype=np.uint8)
        newlines: Positions = np.flatnonzero(self.bytes == _NEWLINE)
        self.starts: Positions = np.concatenate(([0], newlines + 1))
        self.ends: Positions = np.concatenate((newlines, [len(data)]))
        if len(self.starts) > 1 and self.starts[-1] == len(data):
            self.starts, self.ends = self.starts[:-1], self.ends[:-1]
        has_return = (self.ends > self.starts) & (
            self.bytes[np.maximum(self.ends - 1, 0)] == _RETURN
        )
        self.ends = self.ends - has_return
        self.undecodable = self._undecodable(stream)

    def __len__(self) -> int:
        return len(self.starts)

    def text(self, index: int) -> str:
        return self.data[self.starts[index] : self.ends[index]].decode("utf-8", "replace")

    def blank(self) -> Marks:
        """Lines of nothing but white space."""
        is_blank = self.ends == self.starts
        head = self.bytes[np.minimum(self.starts, len(self.bytes) - 1)]
        for index in np.flatnonzero(np.isin(head, _SPACES) & ~is_blank):
            is_blank[index] = not self.data[self.starts[index] : self.ends[index]].strip()
        return is_blank

    def of(self, positions: Positions) -> Positions:
        """The line that holds each byte position."""
        return np.searchsorted(self.starts, positions, side="right") - 1

    def _undecodable(self, stream: ByteStream) -> Marks:
        marks = np.zeros(len(self.starts), dtype=np.bool_)
        if not stream.is_utf8:
            position = self.data.find(_REPLACED)
            while position >= 0:
                marks[self.of(np.array([position]))[0]] = True
                position = self.data.find(_REPLACED, position + 1)
            return marks
        try:
            self.data.decode("utf-8")
        except UnicodeDecodeError:
            for index in np.unique(self.of(np.flatnonzero(self.bytes >= 128))):
                try:
                    self.data[self.starts[index] : self.ends[index]].decode("utf-8")
                except UnicodeDecodeError:
                    marks[index] = True
        return marks


def read_json_lines(path: Path, encoding: str) -> Iterator[Batch]:
    """Batches of `_line` and `_text`, one row a line that is not blank; JSON is not looked at."""
    with ByteStream(path, encoding) as stream:
        first, carry = 1, b""
        while True:
            block = stream.read()
            cut = block.rfind(b"\n") + 1
            if block and not cut:
                carry += block
                continue
            data, carry = carry + block[:cut], block[cut:]
            if data:
                lines = Lines(data, first, stream)
                kept = ~lines.blank() & ~lines.undecodable
                yield Batch(
                    pa.table(_lines_and_text(lines, kept)),
                    _undecodable_rows(lines, lines.undecodable, stream),
                )
                first += len(lines)
            if not block:
                break
        if stream.is_cut_short:
            yield Batch(
                pa.table({LINE: pa.array([], pa.int64()), TEXT: pa.array([], pa.string())}),
                [Broken(first, CUT_SHORT, "")],
            )


class DelimitedFile:
    """A delimited file: `columns` (from its header; empty if the file is), then `batches()`."""

    def __init__(self, path: Path, delimiter: str, encoding: str) -> None:
        if len(delimiter) != 1 or not delimiter.isascii():
            raise IngestError(
                f"{path.name}: the delimiter {delimiter!r} is not one ASCII character."
                " Set `delimiter` to the character that stands between two fields."
            )
        self.path = path
        self.delimiter = delimiter
        self.encoding = encoding
        csv.field_size_limit(MAX_FIELD_BYTES)
        with ByteStream(path, encoding) as stream:
            self.columns, self._header_bytes, self._header_lines = self._read_header(stream)

    def batches(self) -> Iterator[Batch]:
        if not self.columns:
            return
        with ByteStream(self.path, self.encoding) as stream:
            skip, carry, first = self._header_bytes, b"", self._header_lines + 1
            while True:
                block = stream.read()
                data = carry + block
                if skip:
                    dropped = min(skip, len(data))
                    data, skip = data[dropped:], skip - dropped
                cut = data.rfind(b"\n") + 1 if block else len(data)
                if cut:
                    lines = Lines(data[:cut], first, stream)
                    batch, used = self._split(lines, stream, is_last=not block)
                    yield batch
                    first += used
                    cut = int(lines.starts[used]) if used < len(lines) else cut
                carry = data[cut:]
                if not block:
                    break
            if stream.is_cut_short:
                yield Batch(self._table([], []), [Broken(first, CUT_SHORT, "")])

    def _read_header(self, stream: ByteStream) -> tuple[list[str], int, int]:
        data = b""
        while block := stream.read():
            data += block
            if b"\n" in data:
                break
        if not data.strip():
            return [], 0, 0
        lines = Lines(data, 1, stream)
        start = int(np.argmin(lines.blank()))
        fields, used, problem = self._read_row(lines, start)
        if fields is None or lines.undecodable[start : start + used].any():
            raise IngestError(
                f"{self.path.name}:{start + 1}: the header cannot be read as {stream.encoding}"
                f" ({problem or 'undecodable bytes'}). Set `encoding` to what the file is written"
                " in, such as cp1252 or utf-16."
            )
        after = start + used
        size = int(lines.starts[after]) if after < len(lines) else len(data)
        return unique_names(fields), size, after

    def _split(self, lines: Lines, stream: ByteStream, is_last: bool) -> tuple[Batch, int]:
        """Rows of the block and how many of its lines they took: an open row waits for more."""
        counts, suspicious = _field_counts(lines, self.delimiter)
        suspicious &= ~lines.blank()
        is_row = ~lines.blank() & ~suspicious & ~lines.undecodable
        broken: list[Broken] = []
        numbers: list[int] = []
        fields_of: list[list[str]] = []
        taken_by_rows = np.zeros(len(lines), dtype=np.bool_)
        end = 0
        used = len(lines)
        for index in (int(i) for i in np.flatnonzero(suspicious)):
            if index < end:
                continue
            fields, count, problem = self._read_row(lines, index)
            if fields is None and not is_last and problem == _OPEN and count < MAX_ROW_LINES:
                used = index
                break
            end = index + count if fields is not None else index + 1
            taken_by_rows[index:end] = True
            if lines.undecodable[index:end].any():
                problem = UNREADABLE.format(encoding=stream.encoding)
                fields = None
            if fields is not None and len(fields) == len(self.columns):
                numbers.append(index + lines.first)
                fields_of.append(fields)
                continue
            text = "\n".join(lines.text(i) for i in range(index, end))
            reason = problem if fields is None else self._count_reason(len(fields))
            broken.append(Broken(index + lines.first, reason, text))
        is_row &= ~taken_by_rows
        is_row[used:] = False
        wrong = is_row & (counts != len(self.columns))
        for index in (int(i) for i in np.flatnonzero(wrong)):
            reason = self._count_reason(int(counts[index]))
            broken.append(Broken(index + lines.first, reason, lines.text(index)))
        lost = lines.undecodable & ~taken_by_rows
        lost[used:] = False
        broken += _undecodable_rows(lines, lost, stream)
        clean = self._parse(lines, is_row & ~wrong)
        return Batch(pa.concat_tables([clean, self._table(numbers, fields_of)]), broken), used

    def _read_row(self, lines: Lines, index: int) -> tuple[list[str] | None, int, str]:
        """Fields of the row that starts in line `index`, the lines it takes, or what is wrong."""
        last = min(index + MAX_ROW_LINES, len(lines))
        texts = (lines.text(i) + "\n" for i in range(index, last))
        reader = csv.reader(texts, delimiter=self.delimiter, strict=True)
        try:
            return next(reader), reader.line_num, ""
        except csv.Error as error:
            problem = _OPEN if "unexpected end" in str(error) else f"no row: {error}"
            return None, reader.line_num, problem

    def _count_reason(self, count: int) -> str:
        return f"{count} fields where the header has {len(self.columns)}"

    def _parse(self, lines: Lines, kept: Marks) -> pa.Table:
        """Rows that are one line each and have the right number of fields."""
        meta = _lines_and_text(lines, kept)
        if not kept.any():
            return self._table([], [])
        text = meta[TEXT]
        body = text.buffers()[2]
        table = pa_csv.read_csv(
            pa.BufferReader(body),
            read_options=pa_csv.ReadOptions(
                column_names=self.columns, use_threads=False, block_size=max(len(body), 1)
            ),
            parse_options=pa_csv.ParseOptions(delimiter=self.delimiter),
            convert_options=pa_csv.ConvertOptions(
                column_types=dict.fromkeys(self.columns, pa.string()), strings_can_be_null=False
            ),
        )
        if table.num_rows != len(text):
            raise IngestError(
                f"{self.path.name}: {len(text)} rows were split but {table.num_rows} parsed, from"
                f" line {lines.first} on. Write the file with every field in double quotes."
            )
        return table.append_column(LINE, meta[LINE]).append_column(TEXT, text)

    def _table(self, numbers: list[int], fields_of: list[list[str]]) -> pa.Table:
        columns: list[tuple[str, ...]] = (
            list(zip(*fields_of, strict=True)) if fields_of else [()] * len(self.columns)
        )
        arrays = [pa.array(column, pa.string()) for column in columns]
        texts = pa.array([_joined(row, self.delimiter) for row in fields_of], pa.large_string())
        return pa.table(
            [*arrays, pa.array(numbers, pa.int64()), texts], names=[*self.columns, LINE, TEXT]
        )


_OPEN = "a quote that is never closed"


def _joined(fields: list[str], delimiter: str) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="").writerow(fields)
    return out.getvalue()


def _field_counts(lines: Lines, delimiter: str) -> tuple[Positions, Marks]:
    """Fields of each line, and which lines must be read singly because of their quotes."""
    delimiters: Positions = np.flatnonzero(lines.bytes == ord(delimiter))
    quotes: Positions = np.flatnonzero(lines.bytes == _QUOTE)
    suspicious = np.zeros(len(lines), dtype=np.bool_)
    if len(quotes):
        of_quote = lines.of(quotes)
        before_line = np.searchsorted(quotes, lines.starts)
        is_opening = (np.arange(len(quotes)) - before_line[of_quote]) % 2 == 0
        is_edge = np.zeros(256, dtype=np.bool_)
        is_edge[[ord(delimiter), _QUOTE, _NEWLINE, _RETURN]] = True
        padded = np.concatenate(([_NEWLINE], lines.bytes, [_NEWLINE]))
        fits = np.where(is_opening, is_edge[padded[quotes]], is_edge[padded[quotes + 2]])
        suspicious[of_quote[~fits]] = True
        count = np.diff(np.append(before_line, len(quotes)))
        suspicious |= count % 2 == 1
        of_delimiter = lines.of(delimiters)
        quotes_before = np.searchsorted(quotes, delimiters) - before_line[of_delimiter]
        delimiters = delimiters[quotes_before % 2 == 0]
    before = np.searchsorted(delimiters, lines.starts)
    return np.diff(np.append(before, len(delimiters))) + 1, suspicious


def _lines_and_text(lines: Lines, kept: Marks) -> dict[str, pa.Array]:
    """`_line` and `_text` of the kept lines; the texts end with their line end."""
    index = np.flatnonzero(kept)
    stops = np.append(lines.starts[1:], len(lines.data))
    lengths = (stops - lines.starts)[index]
    if len(index) == len(lines):
        body = lines.data
    else:
        body = lines.bytes[np.repeat(kept, stops - lines.starts)].tobytes()
    offsets = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
    text = pa.Array.from_buffers(
        pa.large_string(), len(index), [None, pa.py_buffer(offsets), pa.py_buffer(body)]
    )
    return {LINE: pa.array(index + lines.first, pa.int64()), TEXT: text}


def _undecodable_rows(lines: Lines, marks: Marks, stream: ByteStream) -> list[Broken]:
    reason = UNREADABLE.format(encoding=stream.encoding)
    return [
        Broken(int(index) + lines.first, reason, lines.text(int(index)))
        for index in np.flatnonzero(marks)
    ]


