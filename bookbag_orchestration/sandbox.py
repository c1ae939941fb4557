"""`bookbag sandbox`: the sample shop served as the APIs of helpdesks and shops, on loopback.

For whoever wants to see a connector work, or to break one, without a vendor's account. The shop
lives on while it is served: new tickets come, old ones are answered, rated, merged and deleted.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from ingestion import VENDORS
from ingestion.sample.shop import build_shop
from ingestion.sample.story import SampleSpec
from ingestion.sandbox import app as vendors
from ingestion.sandbox.faults import Faults
from ingestion.sandbox.serve import serve_forever
from ingestion.sandbox.vendor import Limit
from ingestion.sandbox.world import live_world

LIMITS_SPEED = 60
"""A vendor's minute is a second here."""


class SandboxError(Exception):
    """The sandbox cannot be served; the message is what the user reads."""


def serve(port: int, *, speed: float, faults: float, say: Callable[[str], object]) -> None:
    """Serves until interrupted. Raises SandboxError if the port is taken."""
    world, clock = live_world(build_shop(SampleSpec(), now=datetime.now(UTC)), speed=speed)
    kinds = sorted(vendors.VENDORS)
    say(f"The sample shop on loopback, at {speed:g} times the speed of life. Interrupt to stop.")
    for kind in kinds:
        secrets = " ".join(
            f"SOURCES__SUPPORT__{key.upper()}=x" for key in VENDORS[kind].secrets[-1]
        )
        say(f'{kind:12} url = "http://127.0.0.1:{port}/{kind}"')
        say(f"{'':12} {secrets}")
    app = vendors.create_app(
        world, clock, faults=Faults(rate=faults) if faults else None, limits=_quicker_limits()
    )
    try:
        serve_forever(app, port)
    except OSError as error:
        raise SandboxError(
            f"Port {port} of the loopback address cannot be served: {error.strerror}. Give --port"
            " another one."
        ) from None


def _quicker_limits() -> dict[str, list[Limit]]:
    """The vendors' limits in windows so much shorter that a first load takes seconds."""
    return {
        kind: [replace(limit, per_s=limit.per_s / LIMITS_SPEED) for limit in vendor.limits]
        for kind, vendor in vendors.VENDORS.items()
    }
