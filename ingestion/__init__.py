"""Ingestion: sources of every kind → `raw_<source>` in the warehouse.

`SOURCES` is the registry: a kind and the function that makes a dlt source of its settings.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from dlt.sources import DltSource

from ingestion.files import files_source
from ingestion.run import SourceRun
from ingestion.sample.source import sample_source

SOURCES: Mapping[str, Callable[[Any, SourceRun], DltSource]] = MappingProxyType(
    {
        "files": files_source,
        "sample": sample_source,
    }
)

# Kinds that land the tables of the open export format.
EXPORT_KINDS = ("files", "sample")
