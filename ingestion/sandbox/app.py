"""The sandbox as one web app: each vendor under its own prefix, and `/sandbox/` to steer it by.

A vendor is added by writing its module beside zendesk.py and naming its `VENDOR` in VENDORS.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from datetime import timedelta
from types import MappingProxyType

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ingestion.sandbox import chatwoot, freshdesk, gorgias, intercom, shopify, woocommerce, zendesk
from ingestion.sandbox.clock import Clock, FrozenClock, SkewedClock
from ingestion.sandbox.faults import Faults, FaultyAnswers
from ingestion.sandbox.vendor import Gate, Limit, Vendor, answer, refuse
from ingestion.sandbox.world import World

VENDORS: Mapping[str, Vendor] = MappingProxyType(
    {
        "intercom": intercom.VENDOR,
        "gorgias": gorgias.VENDOR,
        "freshdesk": freshdesk.VENDOR,
        "chatwoot": chatwoot.VENDOR,
        "zendesk": zendesk.VENDOR,
        "shopify": shopify.VENDOR,
        "woocommerce": woocommerce.VENDOR,
    }
)

CALLS_KEPT = 100_000

Calls = deque[dict[str, str | int]]


def create_app(
    world: World,
    clock: Clock,
    *,
    faults: Faults | None = None,
    limits: bool | Mapping[str, Sequence[Limit]] = True,
    secret: str | None = None,
) -> Starlette:
    """The app that serves `world` as it stands at `clock`.

    `limits`: True for each vendor's documented ones, False for none, or a vendor's own by name
    (the others keep theirs). `secret`: the one that every vendor asks for; None takes any.
    ValueError for limits of a vendor that there is not.
    """
    if isinstance(limits, Mapping) and (unknown := set(limits) - set(VENDORS)):
        raise ValueError(f"sandbox: no vendors {sorted(unknown)}; there are {sorted(VENDORS)}")
    calls: Calls = deque(maxlen=CALLS_KEPT)
    skewed = SkewedClock(clock)
    mounts = []
    for name, vendor in VENDORS.items():
        if isinstance(limits, Mapping):
            own = limits.get(name, vendor.limits)
        else:
            own = vendor.limits if limits else ()
        gate = Middleware(Gate, vendor, skewed, own, secret)
        mounts.append(
            Mount(f"/{name}", routes=vendor.routes(world, skewed), middleware=[gate], name=name)
        )
    middleware = [Middleware(CountCalls, calls)]
    if faults:
        middleware.append(Middleware(FaultyAnswers, faults))
    return Starlette(
        routes=[*_steering(clock, calls), *mounts],
        middleware=middleware,
        exception_handlers={HTTPException: _refuse},
    )


async def _refuse(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    vendor = VENDORS.get(request.url.path.split("/")[1])
    return refuse(vendor, error) if vendor else answer({"error": error.detail}, error.status_code)


class CountCalls:
    """ASGI: notes each call of a vendor's API with the status it got."""

    def __init__(self, app: ASGIApp, calls: Calls) -> None:
        self._app, self._calls = app, calls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._calls.append(
                    {
                        "method": scope["method"],
                        "path": scope["path"],
                        "query": scope["query_string"].decode("latin-1"),
                        "status": message["status"],
                    }
                )
            await send(message)

        counted = scope["type"] == "http" and not scope["path"].startswith("/sandbox/")
        await self._app(scope, receive, send_on if counted else send)


def _steering(clock: Clock, calls: Calls) -> list[Route]:
    async def list_calls(request: Request) -> Response:
        return answer(list(calls))

    async def forget_calls(request: Request) -> Response:
        calls.clear()
        return Response(status_code=204)

    async def tell_time(request: Request) -> Response:
        return answer({"now": clock.now()})

    async def advance(request: Request) -> Response:
        if not isinstance(clock, FrozenClock):
            raise HTTPException(409, "this clock runs by itself")
        clock.advance(timedelta(seconds=(await request.json())["advance_s"]))
        return answer({"now": clock.now()})

    return [
        Route("/sandbox/calls", list_calls, methods=["GET"]),
        Route("/sandbox/calls", forget_calls, methods=["DELETE"]),
        Route("/sandbox/clock", tell_time, methods=["GET"]),
        Route("/sandbox/clock", advance, methods=["POST"]),
    ]
