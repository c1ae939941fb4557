"""Sources of kind `sample`: the sample shop, made up to yesterday and read as its own export.

Grain, increments and deletions are those of kind `files`: the shop is written to the scratch folder
and read back, so that a newcomer's first run goes through the same code as a real export.
"""

from dlt.sources import DltSource

from ingestion.export.folder import FilesSpec
from ingestion.files import files_source
from ingestion.run import SourceRun
from ingestion.sample.shop import build_shop, write_export
from ingestion.sample.story import SampleSpec


def sample_source(spec: SampleSpec, run: SourceRun) -> DltSource:
    """The files of the shop as it would be exported at `run.now`."""
    folder = run.scratch / "export"
    return files_source(
        FilesSpec(spec.name, folder),
        run,
        prepare=lambda: write_export(build_shop(spec, now=run.now), folder),
    )
