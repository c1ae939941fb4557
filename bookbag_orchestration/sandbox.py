"""The sample shop served as the APIs of helpdesks and shops, on loopback.

`bookbag sandbox` is for whoever wants to see a connector work, or to break one, without a vendor's
account; sources with `url = "sandbox"` are served while a run reads them. The shop lives on: new
tickets come, old ones are answered, rated, merged and deleted.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache, partial

from starlette.applications import Starlette

from bookbag_orchestration.sections import SANDBOX, ApiSource, Config, SampleSource
from ingestion import VENDORS
from ingestion.api import ApiSpec
from ingestion.sample.source import living_shop
from ingestion.sample.story import SampleSpec
from ingestion.sandbox import app as vendors
from ingestion.sandbox.faults import Faults
from ingestion.sandbox.serve import in_background, serve_forever
from ingestion.sandbox.vendor import Limit
from ingestion.sandbox.world import live_world

LIMITS_SPEED = 60
"""A vendor's minute is a second here."""


class SandboxError(Exception):
    """The sandbox cannot be served; the message is what the user reads."""


def serve(
    port: int,
    orders: int | None = None,
    tickets: int | None = None,
    *,
    speed: float,
    faults: float,
    say: Callable[[str], object],
) -> None:
    """Serves until interrupted. Raises SandboxError if the port is taken."""
    shop = SampleSpec(orders=orders or SampleSpec.orders, tickets=tickets or SampleSpec.tickets)
    app = _app(shop, speed, faults, _quicker_limits())
    say(f"The sample shop on loopback, at {speed:g} times the speed of life. Interrupt to stop.")
    for kind in sorted(vendors.VENDORS):
        secrets = " ".join(
            f"SOURCES__SUPPORT__{key.upper()}=x" for key in VENDORS[kind].secrets[-1]
        )
        say(f'{kind:12} url = "http://127.0.0.1:{port}/{kind}"')
        say(f"{'':12} {secrets}")
    try:
        serve_forever(app, port)
    except OSError as error:
        raise SandboxError(
            f"Port {port} of the loopback address cannot be served: {error.strerror}. Give --port"
            " another one."
        ) from None


def settled(spec: ApiSpec, config: Config) -> ApiSpec:
    """The spec of a source that is the sandbox, with its address and keys; any other as it is.

    The shop that is served is that of the config's sample source, if it has one.
    """
    if spec.url != SANDBOX:
        return spec
    secrets = dict.fromkeys(VENDORS[spec.kind].secrets[-1], SANDBOX)
    return replace(spec, url=f"{_served(_shop_of(config))()}/{spec.kind}", secrets=secrets)


def prepare(config: Config) -> None:
    """Has the server of such sources start, so that nobody waits for it when it is needed."""
    if any(isinstance(source, ApiSource) and source.url == SANDBOX for source in config.sources):
        _served(_shop_of(config))


def _shop_of(config: Config) -> SampleSpec:
    shops = (
        source.spec(config.base) for source in config.sources if isinstance(source, SampleSource)
    )
    return replace(next(shops, SampleSpec()), is_beside=False)


@cache
def _served(shop: SampleSpec) -> Callable[[], str]:
    """One server a process, whatever number of sources it serves. It has no limits: whoever runs
    the sample shop waits for nobody else's sake.
    """
    return in_background(partial(_app, shop, limits=False))


def _app(
    shop: SampleSpec,
    speed: float = 1.0,
    faults: float = 0.0,
    limits: bool | Mapping[str, Sequence[Limit]] = True,
) -> Starlette:
    world, clock = live_world(living_shop(shop, datetime.now(UTC)), speed=speed)
    return vendors.create_app(
        world, clock, faults=Faults(rate=faults) if faults else None, limits=limits
    )


def _quicker_limits() -> dict[str, list[Limit]]:
    """The vendors' limits in windows so much shorter that a first load takes seconds."""
    return {
        kind: [replace(limit, per_s=limit.per_s / LIMITS_SPEED) for limit in vendor.limits]
        for kind, vendor in vendors.VENDORS.items()
    }
