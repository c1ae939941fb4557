"""The sample shop: a made-up online shop and its helpdesk.

Imported lazily by the `sample` source and by the sandbox; see shop.py.
"""

from ingestion.sample.shop import build_shop, build_story, write_export
from ingestion.sample.story import SampleSpec, Story, tell

__all__ = ["SampleSpec", "Story", "build_shop", "build_story", "tell", "write_export"]
