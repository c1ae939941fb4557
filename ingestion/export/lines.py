"""Blocks of bytes → whole lines that know their number; JSON lines → Arrow batches.

Lines are cut on whole blocks at once and in bounded memory. A line that is no text costs itself and
nothing else: it keeps its number and what can be shown of it. What the lines hold: delimited,
parsing.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ingestion.errors import IngestError
from ingestion.export.reading import MARK, ByteStream

MAX_LINE_BYTES = 64 * 1024 * 1024

LINE = "_line"
TEXT = "_text"
CUT_SHORT = "the compressed file ends early"
UNREADABLE = "bytes that are no {encoding} text"

NEWLINE, RETURN = 10, 13
_SPACES = (9, NEWLINE, RETURN, 32)

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
    return name.lower().removesuffix(".gz").endswith((".jsonl", ".ndjson", ".json"))


class Lines:
    """One block of whole lines, addressed by number; `first` is the physical line of the first."""

    def __init__(self, data: bytes, first: int, stream: ByteStream, is_last: bool) -> None:
        self.data = data
        self.first = first
        self.is_last = is_last
        self.encoding = stream.encoding
        self.bytes = np.frombuffer(data, dtype=np.uint8)
        newlines: Positions = np.flatnonzero(self.bytes == NEWLINE)
        self.starts: Positions = np.concatenate(([0], newlines + 1))
        self.ends: Positions = np.concatenate((newlines, [len(data)]))
        if len(self.starts) > 1 and self.starts[-1] == len(data):
            self.starts, self.ends = self.starts[:-1], self.ends[:-1]
        has_return = (self.ends > self.starts) & (
            self.bytes[np.maximum(self.ends - 1, 0)] == RETURN
        )
        self.ends = self.ends - has_return
        self.undecodable = self._undecodable(stream.is_utf8)

    def __len__(self) -> int:
        return len(self.starts)

    def text(self, index: int, *, with_end: bool = False) -> str:
        """The line, without its end unless asked for; what could not be decoded is U+FFFD."""
        end = self.ends[index]
        if with_end:
            end = self.starts[index + 1] if index + 1 < len(self) else len(self.data)
        text = self.data[self.starts[index] : end].decode("utf-8", "replace")
        return text.replace(MARK, "\ufffd")

    def blank(self) -> Marks:
        """Lines of nothing but white space."""
        is_blank: Marks = self.ends == self.starts
        head = self.bytes[np.minimum(self.starts, len(self.bytes) - 1)]
        for index in np.flatnonzero(np.isin(head, _SPACES) & ~is_blank):
            is_blank[index] = not self.data[self.starts[index] : self.ends[index]].strip()
        return is_blank

    def of(self, positions: Positions) -> Positions:
        """The line that holds each byte position."""
        return np.searchsorted(self.starts, positions, side="right") - 1

    def broken(self, marks: Marks, reason: str) -> list[Broken]:
        """The marked lines as rows of their own that cannot be split."""
        return [Broken(self.first + i, reason, self.text(i)) for i in indices(marks)]

    def broken_bytes(self, marks: Marks) -> list[Broken]:
        return self.broken(marks, UNREADABLE.format(encoding=self.encoding))

    def columns(self, kept: Marks) -> dict[str, pa.Array]:
        """`_line` and `_text` of the kept lines; the texts have their line ends."""
        index = np.flatnonzero(kept)
        lengths = np.append(self.starts[1:], len(self.data)) - self.starts
        if len(index) == len(self):
            body = self.data
        else:
            body = self.bytes[np.repeat(kept, lengths)].tobytes()
        offsets = np.concatenate(([0], np.cumsum(lengths[index]))).astype(np.int64)
        text = pa.Array.from_buffers(
            pa.large_string(), len(index), [None, pa.py_buffer(offsets), pa.py_buffer(body)]
        )
        return {LINE: pa.array(index + self.first, pa.int64()), TEXT: text}

    def _undecodable(self, is_utf8: bool) -> Marks:
        marks = np.zeros(len(self.starts), dtype=np.bool_)
        if not is_utf8:
            mark = MARK.encode()
            position = self.data.find(mark)
            while position >= 0:
                marks[self.of(np.array([position]))[0]] = True
                position = self.data.find(mark, position + 1)
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


class LineReader:
    """Whole lines of a stream in blocks; those that `put_back` returns come again with the next."""

    def __init__(self, stream: ByteStream, skipped_bytes: int = 0, line: int = 1) -> None:
        self.stream = stream
        self.line = line
        self._skip = skipped_bytes
        self._carry = b""

    def blocks(self) -> Iterator[Lines]:
        is_last = False
        while not is_last:
            block = self.stream.read()
            is_last = not block
            block, self._skip = block[self._skip :], max(0, self._skip - len(block))
            data = self._carry + block
            cut = len(data) if is_last else data.rfind(b"\n") + 1
            self._carry = data[cut:]
            if len(self._carry) > MAX_LINE_BYTES:
                raise IngestError(
                    f"{self.stream.where}:{self.line}: no line ends within"
                    f" {MAX_LINE_BYTES // 1024**2} MB. Export the file as text with a line a row."
                )
            if cut:
                lines = Lines(data[:cut], self.line, self.stream, is_last)
                self.line += len(lines)
                yield lines

    def put_back(self, lines: Lines, start: int) -> None:
        """The block's lines from `start` on wait for what follows them."""
        if start < len(lines):
            self._carry = lines.data[lines.starts[start] :] + self._carry
            self.line = lines.first + start

    def is_torn(self, lines: Lines) -> bool:
        """Whether the block ends in the middle of a line, as only a torn archive's end does."""
        return self.stream.is_cut_short and lines.is_last and not lines.data.endswith(b"\n")


def read_json_lines(path: Path, encoding: str, where: str) -> Iterator[Batch]:
    """Batches of `_line` and `_text`, one row a line that is not blank; JSON is not looked at."""
    with ByteStream(path, encoding, where) as stream:
        reader = LineReader(stream)
        is_told = False
        for lines in reader.blocks():
            torn = np.zeros(len(lines), dtype=np.bool_)
            torn[-1:] = is_told = reader.is_torn(lines)
            lost = lines.undecodable & ~torn
            broken = lines.broken_bytes(lost) + lines.broken(torn, CUT_SHORT)
            yield Batch(pa.table(lines.columns(~lines.blank() & ~lost & ~torn)), broken)
        if stream.is_cut_short and not is_told:
            nothing = {LINE: pa.array([], pa.int64()), TEXT: pa.array([], pa.large_string())}
            yield Batch(pa.table(nothing), [Broken(reader.line, CUT_SHORT, "")])


def indices(marks: Marks) -> Iterator[int]:
    """The marked positions as plain numbers."""
    return (int(index) for index in np.flatnonzero(marks))
