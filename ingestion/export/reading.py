"""Bytes of exported text files, whatever they were written in → UTF-8 in blocks.

Files that people export are torn and wrongly encoded in places: bytes that are no text are marked,
and an archive that ends early gives what it holds, so that neither costs more than its own rows.
"""

import codecs
import gzip
import zlib
from io import BufferedReader
from pathlib import Path
from typing import Self

from ingestion.errors import IngestError

BLOCK_BYTES = 16 * 1024 * 1024
STEP_BYTES = 128 * 1024

# A code point that no text holds marks undecodable bytes; U+FFFD cannot, since it stands in text
# that some other program has decoded.
MARK = "\ufdd0"
_MARK_ERRORS = "bookbag_mark"


class ByteStream:
    """The bytes of a text file as UTF-8 with `\\n` line ends, whatever it was written in.

    `where` names the file in errors.
    """

    def __init__(self, path: Path, encoding: str, where: str) -> None:
        self.where = where
        self.is_cut_short = False
        try:
            self.encoding = codecs.lookup(encoding).name
            codecs.register_error(_MARK_ERRORS, _mark)
            self._decoder = codecs.getincrementaldecoder(self.encoding)(_MARK_ERRORS)
        except LookupError:
            raise IngestError(
                f"{where}: the encoding {encoding!r} is unknown. Name one that Python knows,"
                " such as utf-8, cp1252 or utf-16."
            ) from None
        self.is_utf8 = self.encoding in ("utf-8", "ascii", "utf-8-sig")
        is_gzip = path.name.lower().endswith(".gz")
        self._file: BufferedReader | gzip.GzipFile = (
            gzip.GzipFile(path) if is_gzip else path.open("rb")
        )
        self._is_first = True
        self._has_bare_returns = False

    def __enter__(self) -> Self:
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
            raw = decoded.encode("utf-8", "replace")
        if self._is_first and raw:
            self._is_first = False
            raw = raw.removeprefix(codecs.BOM_UTF8)
            self._has_bare_returns = b"\r" in raw and b"\n" not in raw
        return raw.replace(b"\r", b"\n") if self._has_bare_returns else raw

    def _read_raw(self) -> bytes:
        """A block, in steps: what a compressed file holds before it ends early is not lost."""
        steps, size = [], 0
        while size < BLOCK_BYTES:
            try:
                step = self._file.read1(STEP_BYTES)
            except EOFError:
                self.is_cut_short = True
                break
            except (OSError, zlib.error) as error:
                raise IngestError(
                    f"{self.where} cannot be read: {error}. Export the file again."
                ) from error
            if not step:
                break
            steps.append(step)
            size += len(step)
        return b"".join(steps)


def _mark(error: UnicodeError) -> tuple[str, int]:
    end = error.end if isinstance(error, UnicodeDecodeError) else 0
    return MARK, end
