"""Sources of kind `sample`: the sample shop, made up to yesterday and read as its own export.

Grain, increments and deletions are those of kind `files`: the shop is written to the scratch folder
and read back, so that it goes through the same code as a real export. Beside sources that the
sandbox serves it holds only what their APIs do not say.
"""

from datetime import datetime

import pyarrow as pa
from dlt.sources import DltSource

from ingestion.export.folder import FilesSpec
from ingestion.files import files_source
from ingestion.run import SourceRun
from ingestion.sample.shop import build_shop, write_export
from ingestion.sample.story import SampleSpec
from ingestion.sandbox.beside import beside
from ingestion.sandbox.clock import LEAD
from ingestion.sandbox.world import present


def sample_source(spec: SampleSpec, run: SourceRun) -> DltSource:
    """The files of the shop as it would be exported at `run.now`."""
    folder = run.scratch / "export"
    return files_source(
        FilesSpec(spec.name, folder),
        run,
        prepare=lambda: write_export(_shop(spec, run.now), folder),
    )


def living_shop(spec: SampleSpec, now: datetime) -> dict[str, pa.Table]:
    """The shop with the days to come that the sandbox lives through."""
    return present(build_shop(spec, now=now + LEAD), now)


def _shop(spec: SampleSpec, now: datetime) -> dict[str, pa.Table]:
    if spec.is_beside:
        return beside(living_shop(spec, now), now, spec.helpdesk)
    return build_shop(spec, now=now)
