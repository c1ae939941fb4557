"""The entry point of Dagster: loads defs/ and applies what holds for all of them."""

from pathlib import Path

from bookbag_orchestration.settings import silence_telemetry

silence_telemetry()

import dagster as dg  # noqa: E402  telemetry must be off before the import

from bookbag_orchestration.resources import workplace  # noqa: E402
from bookbag_orchestration.steps import reporting  # noqa: E402


@dg.definitions
def defs() -> dg.Definitions:
    return dg.Definitions.merge(
        dg.load_from_defs_folder(path_within_project=Path(__file__).parent),
        # One process a run: there is one writer, and each further process costs its imports.
        dg.Definitions(
            resources={"progress": reporting(workplace())}, executor=dg.in_process_executor
        ),
    )
