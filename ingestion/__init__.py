"""Ingestion: sources of every kind → `raw_<source>` in the warehouse.

`SOURCES` is the registry: a kind and the function that makes a dlt source of its settings; `TABLES`
are the tables that a source of the kind lands, the first of them always.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from dlt.sources import DltSource

from ingestion import chatwoot, freshdesk, gorgias, intercom, shopify, woocommerce, zendesk
from ingestion.api import ApiSpec
from ingestion.contracts import ENTITIES
from ingestion.files import files_source
from ingestion.run import SourceRun
from ingestion.sample.source import sample_source

SOURCES: Mapping[str, Callable[[Any, SourceRun], DltSource]] = MappingProxyType(
    {
        "files": files_source,
        "sample": sample_source,
        "intercom": intercom.intercom_source,
        "gorgias": gorgias.gorgias_source,
        "freshdesk": freshdesk.freshdesk_source,
        "chatwoot": chatwoot.chatwoot_source,
        "zendesk": zendesk.zendesk_source,
        "shopify": shopify.shopify_source,
        "woocommerce": woocommerce.woocommerce_source,
    }
)


@dataclass(frozen=True)
class Vendor:
    """What the settings of an API source need to know: `address` has a place for the subdomain,
    and is empty where only `url` can say it; `secrets` are the keys of which one whole set has to
    be there.
    """

    address: str
    tables: tuple[str, ...]
    secrets: tuple[tuple[str, ...], ...]


VENDORS: Mapping[str, Vendor] = MappingProxyType(
    {
        "intercom": Vendor(intercom.ADDRESS, intercom.TABLES, (("access_token",),)),
        "gorgias": Vendor(
            gorgias.ADDRESS,
            tuple(stream.table for stream in gorgias.STREAMS),
            (("email", "api_key"),),
        ),
        "freshdesk": Vendor(freshdesk.ADDRESS, freshdesk.TABLES, (("api_key",),)),
        "chatwoot": Vendor(chatwoot.ADDRESS, chatwoot.TABLES, (("api_access_token",),)),
        "zendesk": Vendor(
            zendesk.ADDRESS,
            tuple(stream.table for stream in zendesk.STREAMS),
            (("oauth_token",), ("email", "api_token")),
        ),
        "shopify": Vendor(
            shopify.ADDRESS,
            tuple(stream.table for stream in shopify.STREAMS),
            (("access_token",),),
        ),
        "woocommerce": Vendor(
            woocommerce.ADDRESS, woocommerce.TABLES, (("consumer_key", "consumer_secret"),)
        ),
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
