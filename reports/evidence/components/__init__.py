"""The components that pages may use, a module each."""

from collections.abc import Mapping
from types import MappingProxyType

from reports.evidence.components import (
    alert,
    area_chart,
    bar_chart,
    big_value,
    data_table,
    date_range,
    details,
    dropdown,
    grid,
    line_chart,
    reference,
    tabs,
    value,
)
from reports.evidence.components.spec import Attribute, Spec

COMPONENTS: Mapping[str, Spec] = MappingProxyType(
    {
        spec.name: spec
        for module in (
            alert, area_chart, bar_chart, big_value, data_table, date_range, details, dropdown,
            grid, line_chart, reference, tabs, value,
        )
        for spec in module.SPECS
    }
)  # fmt: skip
__all__ = ["COMPONENTS", "Attribute", "Spec"]
