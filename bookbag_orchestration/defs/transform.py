"""Transform: the dbt project, staging → intermediate → core → marts, with its tests as checks."""

import json
from collections.abc import Iterator, Mapping
from time import monotonic
from typing import Any

import dagster as dg
from dagster_dbt import (
    DagsterDbtCliRuntimeError,
    DagsterDbtTranslator,
    DagsterDbtTranslatorSettings,
    DbtCliResource,
    DbtProject,
    dbt_assets,
)

from bookbag_orchestration.dbt_results import TransformError, broken_nodes, warnings
from bookbag_orchestration.freshness import mart_policy
from bookbag_orchestration.resources import Progress, Workplace, workplace
from bookbag_orchestration.samples import with_samples
from bookbag_orchestration.steps import recorded
from ingestion import EXPORT_KINDS, TABLES

_BUILT = (dg.MaterializeResult, dg.Output, dg.AssetMaterialization)
_TESTED = (dg.AssetCheckResult, dg.AssetCheckEvaluation)


class Models(DagsterDbtTranslator):
    """Models as assets `<schema>/<model>`; staging hangs on the raw tables it reads."""

    def __init__(self, place: Workplace) -> None:
        super().__init__(DagsterDbtTranslatorSettings(enable_source_metadata=False))
        self.sources = place.config.sources
        self.left_out = tuple(f"stg_{kind}__" for kind in place.unused_kinds())

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
            if not dep.asset_key.path[-1].startswith(self.left_out):
                deps += [dg.AssetDep(key) for key in self._landed(dep.asset_key)]
        policy = mart_policy() if spec.key.path[0] == "marts" else None
        return spec.replace_attributes(deps=deps, freshness_policy=policy)

    def _landed(self, key: dg.AssetKey) -> list[dg.AssetKey]:
        """Raw tables behind a view of landed rows; any other key is itself."""
        schema, table = key.path
        if schema == "raw_bookbag":
            return [dg.AssetKey(["raw_bookbag", "account"])]
        if schema != "landed":
            return [key]
        kind, _, table = table.partition("_")
        kinds = EXPORT_KINDS if kind == "files" else (kind,)
        # What is set aside and counted hangs on the first table, which every source has.
        return [
            dg.AssetKey([f"raw_{source.name}", table if table in tables else tables[0]])
            for source in self.sources
            for tables in [TABLES[source.kind]]
            if source.kind in kinds
        ]


def model_assets(place: Workplace) -> dg.AssetsDefinition:
    """All models as one step: `dbt build`."""
    manifest = json.loads(place.prepared_manifest().read_text())
    unused = place.unused_kinds()
    project = place.dbt_project()

    @dbt_assets(
        manifest=manifest,
        project=project,
        name="transform",
        dagster_dbt_translator=Models(place),
        exclude=" ".join(
            ["resource_type:unit_test", *(f"path:models/staging/{kind}" for kind in unused)]
        ),
        pool=place.pool,
    )
    @recorded(place, "transform", rows=place.built_rows)
    def models(
        context: dg.AssetExecutionContext, dbt: DbtCliResource, progress: dg.ResourceParam[Progress]
    ) -> Iterator[Any]:
        started, built, tested = monotonic(), 0, 0
        is_anew = place.settings.full_refresh or place.has_other_models()
        if place.inputs() == place.published_inputs() and not is_anew:
            # No output: what hangs on the models has nothing to do either.
            progress.line("transform", "nothing new since the last publication", 0.0)
            return
        place.forget_built()
        place.note_ahead()
        arguments = ["build", *(["--full-refresh"] if is_anew else [])]
        results = project.target_path / "run_results.json"
        # Else a dbt that cannot start would be told by what the last one said.
        results.unlink(missing_ok=True)
        invocation = dbt.cli(arguments, context=context, target_path=project.target_path)
        try:
            for event in with_samples(invocation.stream(), place, results):
                built += isinstance(event, _BUILT)
                tested += isinstance(event, _TESTED)
                yield event
        except DagsterDbtCliRuntimeError as error:
            raise TransformError(broken_nodes(results)) from error
        place.note_built()
        warned = warnings(results)
        said = "".join(f"; look at {name}" for name in warned)
        progress.line("transform", f"{built} models, {tested} tests{said}", monotonic() - started)

    return models


@dg.definitions
def defs() -> dg.Definitions:
    place = workplace()
    return dg.Definitions(assets=[model_assets(place)], resources={"dbt": place.dbt()})
