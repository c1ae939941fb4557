"""Files that readers never meet half-written, and a failure leaves as they were."""

import os
from pathlib import Path


def place(path: Path, content: bytes) -> Path:
    """Puts a file in place by a rename."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        draft.write_bytes(content)
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    return path
