"""What a failed source costs the others: nothing, where what it has landed is whole.

A run in which only sources failed is failed, and its rest is made by a run of its own: Dagster lets
nothing follow a failed step. Not so where half a history has landed: figures would be made of it.
"""

import dagster as dg

from bookbag_orchestration.resources import WarehouseBusyError, Workplace

# All that comes after the sources.
BUILDING = ("transform", "alert", "publish")


def rest() -> dg.AssetSelection:
    """The steps behind the sources, with their checks; reports have runs of their own."""
    return dg.AssetSelection.groups(*BUILDING)


def goes_on(place: Workplace, run_id: str) -> bool:
    """Whether the rest of a failed run can be made: only sources failed, each has landed all of its
    history or nothing, and one at least has landed all. Not upon what a check has refused, and not
    while another run is at work, which makes the rest.
    """
    failed = place.history.failed_steps(run_id)
    names = {source.name for source in place.config.sources}
    if any(fault.step == "check" and fault.subject in names for fault in place.faults()):
        return False
    if not failed or any(step != "ingest" or name not in names for step, name in failed):
        return False
    if not place.warehouse.exists():
        return False
    try:
        with place.look(wait_s=0) as connection:
            landed, whole = place.landed(connection)
    except WarehouseBusyError:
        return False
    return bool(whole) and not {name for _, name in failed} & (landed - whole)
