"""A folder of exported files: which of them feeds which table.

`path` may be any fsspec URL; what is not on this machine is copied to the scratch folder before it
is read.
"""

import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatch
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from ingestion.contracts import ENTITIES
from ingestion.errors import IngestError
from ingestion.export.mapping import FilesSpec, TableMapping, check_mapping, mapping_of

# A source of files is told where it lies and what its files are like: both are named here.
__all__ = ["FilesSpec", "Folder", "SourceFile", "TableMapping", "check_mapping", "sha256_of"]

EXTENSIONS = (".csv", ".csv.gz", ".jsonl", ".jsonl.gz", ".parquet")


@dataclass(frozen=True)
class SourceFile:
    """A file that feeds `entity`; `name` is its path inside the source's folder.

    `modified_at` is None where the file system does not say.
    """

    entity: str
    name: str
    size: int
    modified_at: datetime | None


class Folder:
    """The files of a source, on this machine or behind an fsspec URL."""

    def __init__(self, spec: FilesSpec, scratch: Path) -> None:
        self.spec = spec
        self._copies = scratch / "remote"
        shutil.rmtree(self._copies, ignore_errors=True)
        url = str(spec.path)
        self._is_local = "://" not in url or url.startswith(("file://", "local://"))
        if self._is_local:
            self._root = Path(url.split("://", 1)[-1])
        else:
            import fsspec

            # A listing that an earlier run has cached would hide what is new.
            self._system, root = fsspec.core.url_to_fs(url, skip_instance_cache=True)
            self._remote_root = root.rstrip("/")

    @cached_property
    def files(self) -> list[SourceFile]:
        """Every file that feeds an entity, by entity and name: the order in which they load."""
        found = self._listing()
        fed: list[SourceFile] = []
        for entity in ENTITIES:
            pattern = mapping_of(self.spec, entity).file
            names = sorted(
                name
                for name in found
                if (fnmatch(name, pattern) if pattern else _entity_of(name) == entity)
            )
            if pattern and not names:
                raise IngestError(
                    f"source {self.spec.name}: no file {pattern!r} for table {entity} in"
                    f" {self.spec.path}, which holds {_some(found)}. Correct tables.{entity}.file"
                    " or put the file there."
                )
            fed += [SourceFile(entity, name, *found[name]) for name in names]
        if found and not fed:
            raise IngestError(
                f"source {self.spec.name}: none of the files in {self.spec.path} feeds a table:"
                f" {_some(found)}. Name files after their table ({', '.join(list(ENTITIES)[:4])}"
                " …) or set `file` in the source's tables."
            )
        return fed

    def local_path(self, name: str) -> Path:
        """The file on this machine, copied first if it is elsewhere."""
        if self._is_local:
            return self._root / name
        target = self._copies / name
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            with (
                self._system.open(f"{self._remote_root}/{name}", "rb") as source,
                target.open("wb") as copy,
            ):
                shutil.copyfileobj(source, copy)
        return target

    def _listing(self) -> dict[str, tuple[int, datetime | None]]:
        """Size and time by name, for the folder and the folders in it."""
        if not self._is_local:
            return self._remote_listing()
        if not self._root.is_dir():
            raise IngestError(
                f"source {self.spec.name}: there is no folder {self._root}. Correct its `path`,"
                " which is relative to bookbag.toml."
            )
        listing: dict[str, tuple[int, datetime | None]] = {}
        for path in self._root.rglob("*"):
            name = path.relative_to(self._root).as_posix()
            if path.is_file() and not _is_hidden(name):
                stat = path.stat()
                listing[name] = (stat.st_size, datetime.fromtimestamp(stat.st_mtime, UTC))
        return listing

    def _remote_listing(self) -> dict[str, tuple[int, datetime | None]]:
        if not self._system.exists(self._remote_root):
            raise IngestError(
                f"source {self.spec.name}: there is nothing at {self.spec.path}. Correct its"
                " `path`, or the credentials if it needs any."
            )
        listing: dict[str, tuple[int, datetime | None]] = {}
        for full, info in self._system.find(self._remote_root, detail=True).items():
            name = full[len(self._remote_root) :].lstrip("/")
            if not _is_hidden(name):
                listing[name] = (int(info.get("size") or 0), _modified_at(info))
        return listing


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _entity_of(name: str) -> str | None:
    """The entity whose files are called so."""
    name = name.lower()
    path = PurePosixPath(name)
    extension = next((end for end in EXTENSIONS if name.endswith(end)), None)
    if extension is None or len(path.parts) > 2:
        return None
    if len(path.parts) == 2:
        return path.parts[0] if path.parts[0] in ENTITIES else None
    stem = path.name.removesuffix(extension)
    return next((kind for kind in ENTITIES if stem == kind or stem.startswith(f"{kind}_")), None)


def _is_hidden(name: str) -> bool:
    return any(part.startswith((".", "~$")) for part in PurePosixPath(name).parts)


def _modified_at(info: Mapping[str, Any]) -> datetime | None:
    """File systems call it differently."""
    for name in ("mtime", "LastModified", "last_modified", "updated", "created"):
        value = info.get(name)
        if isinstance(value, str):
            try:
                value = datetime.fromisoformat(value)
            except ValueError:
                continue
        if isinstance(value, datetime):
            return value if value.tzinfo else value.replace(tzinfo=UTC)
        if isinstance(value, int | float):
            return datetime.fromtimestamp(value, UTC)
    return None


def _some(names: Mapping[str, object]) -> str:
    shown = sorted(names)[:8]
    return (", ".join(shown) + (" …" if len(names) > 8 else "")) or "no file"
