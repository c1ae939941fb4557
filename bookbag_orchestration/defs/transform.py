"""Transform: the dbt project, staging → intermediate → core → marts, with its tests as checks."""

import json
from collections.abc import Iterator, Mapping
from time import monotonic
from typing import Any

import dagster as dg
from dagster_dbt import (
    DagsterDbtTranslator,
    DagsterDbtTranslatorSettings,
    DbtCliResource,
    DbtProject,
    dbt_assets,
)

from bookbag_orchestration.resources import WAREHOUSE_POOL, Progress, Workplace, workplace

EXPORT_KINDS = ("files", "sample")


class Models(DagsterDbtTranslator):
    """Models as assets `<schema>/<model>`; staging hangs on the raw tables it reads."""

    def __init__(self, place: Workplace) -> None:
        super().__init__(DagsterDbtTranslatorSettings(enable_source_metadata=False))
        self.sources = [s.name for s in place.config.sources if s.kind in EXPORT_KINDS]

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        return dg.AssetKey([dbt_resource_props["schema"], dbt_resource_props["name"]])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str:
        return "transform"

    def get_asset_spec(
        self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None
    ) -> dg.AssetSpec:
        spec = super().get_asset_spec(manifest, unique_id, project)
        deps: list[dg.AssetDep] = []
        for dep in spec.deps:
            deps += [dg.AssetDep(key) for key in self._landed(dep.asset_key)]
        return spec.replace_attributes(deps=deps)

    def _landed(self, key: dg.AssetKey) -> list[dg.AssetKey]:
        """Raw tables behind a view of landed rows; any other key is itself."""
        schema, table = key.path
        if schema == "raw_bookbag":
            return [dg.AssetKey(["raw_bookbag", "account"])]
        if schema != "landed":
            return [key]
        table = table.removeprefix("files_")
        # What is set aside and counted hangs on the tickets' table, which every source has.
        table = "tickets" if table in ("quarantine", "file_loads") else table
        return [dg.AssetKey([f"raw_{name}", table]) for name in self.sources]


def model_assets(place: Workplace) -> dg.AssetsDefinition:
    """All models as one step: `dbt build`."""
    manifest = json.loads(place.prepared_manifest().read_text())
    project = place.dbt_project()

    @dbt_assets(
        manifest=manifest,
        project=project,
        name="transform",
        dagster_dbt_translator=Models(place),
        exclude="resource_type:unit_test",
        pool=WAREHOUSE_POOL,
    )
    def models(
        context: dg.AssetExecutionContext, dbt: DbtCliResource, progress: dg.ResourceParam[Progress]
    ) -> Iterator[Any]:
        started, built, tested = monotonic(), 0, 0
        invocation = dbt.cli(["build"], context=context, target_path=project.target_path)
        for event in invocation.stream():
            built += isinstance(event, dg.MaterializeResult | dg.Output | dg.AssetMaterialization)
            tested += isinstance(event, dg.AssetCheckResult | dg.AssetCheckEvaluation)
            yield event
        progress.line("transform", f"{built} models, {tested} tests", monotonic() - started)

    return models


@dg.definitions
def defs() -> dg.Definitions:
    place = workplace()
    return dg.Definitions(assets=[model_assets(place)], resources={"dbt": place.dbt()})
