"""Ingestion: sources of every kind → `raw_<source>` in the warehouse.

`VENDORS` is the registry of kinds with an API, a module each. `SOURCES` are the functions that make
a dlt source of the settings of any kind, `TABLES` what it lands, the first table always.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from dlt.sources import DltSource

from ingestion import chatwoot, freshdesk, gorgias, intercom, shopify, woocommerce, zendesk
from ingestion.api import ApiSpec
from ingestion.contracts import ENTITIES
from ingestion.files import files_source
from ingestion.run import SourceRun
from ingestion.sample.source import sample_source
from ingestion.streams import Vendor

VENDORS: Mapping[str, Vendor] = MappingProxyType(
    {
        "zendesk": zendesk.VENDOR,
        "gorgias": gorgias.VENDOR,
        "intercom": intercom.VENDOR,
        "freshdesk": freshdesk.VENDOR,
        "chatwoot": chatwoot.VENDOR,
        "shopify": shopify.VENDOR,
        "woocommerce": woocommerce.VENDOR,
    }
)
SOURCES: Mapping[str, Callable[[Any, SourceRun], DltSource]] = MappingProxyType(
    {
        "files": files_source,
        "sample": sample_source,
        **{kind: vendor.source for kind, vendor in VENDORS.items()},
    }
)

# Kinds that land the tables of the open export format.
EXPORT_KINDS = ("files", "sample")
TABLES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        **{kind: tuple(ENTITIES) for kind in EXPORT_KINDS},
        **{kind: vendor.tables for kind, vendor in VENDORS.items()},
    }
)
__all__ = ["EXPORT_KINDS", "SOURCES", "TABLES", "VENDORS", "ApiSpec", "Vendor"]
