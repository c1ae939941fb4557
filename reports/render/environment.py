"""How templates are read: the same for pages, messages and the dashboard."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

TEMPLATES = Path(__file__).parents[1] / "templates"


def environment(folder: Path = TEMPLATES, *, is_text: bool = False) -> Environment:
    """Of `is_text` nothing is markup, so nothing is escaped."""
    return Environment(
        loader=FileSystemLoader(folder),
        autoescape=not is_text,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
