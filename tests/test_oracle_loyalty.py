"""The oracle's figures of loyalty (R1, R4, R5), worked by hand."""

import math
from dataclasses import replace
from pathlib import Path

import pytest

from tests.oracle import Account
from tests.oracle.estimates import risk_interval, spearman, spearman_interval
from tests.oracle.tiny import EVENTS, MESSAGES, ORDERS, SETTLED, TinyShop


def test_repurchase_is_looked_for_after_the_months_first_resolve(tmp_path: Path) -> None:
    """t0 is 10 June 10:00 for all three: A buys 90 days later to the second, B one second after.

    N has not bought before t0. A's second ticket of June opens no second window.
    """
    resolved = " ".join(f"{n},06-10T10:00,resolved,human_agent" for n in "ABN")
    asked = " ".join(f"{n},06-10T09:00,customer {n},06-10T09:30,human_agent" for n in "ABN")
    shop = TinyShop(
        tmp_path,
        SETTLED,
        tickets="ticket_id,customer_id A,a B,b N,n A2,a",
        messages=f"{MESSAGES} {asked} A2,06-20T09:00,customer",
        ticket_events=f"{EVENTS} {resolved} A2,06-20T10:00,resolved,human_agent",
        orders=f"{ORDERS} O1,a,06-10T09:59:59,10 O2,a,09-08T10:00,10"
        " O3,b,02-01,10 O4,b,09-08T10:00:01,10 O5,n,06-10T10:00,10",
        csat_responses="ticket_id,rated_at,score,scale,target"
        " A,06-11,2,1-5,human A,06-12,4,1-5,ticket A,06-13,bad,good_bad,ai",
    )
    kpi = "repurchase_rate"
    assert shop.cell(kpi, "ratio", "month", "06-01") == (0.5, 1, 2, 2)
    assert shop.cell(kpi, "ratio", "month", "06-01", handling="human_handled").n == 2
    assert shop.cell(kpi, "ratio", "month", "06-01", customer_segment="returning") == (0.0, 0, 1, 1)
    assert shop.cell(kpi, "ratio", "month", "06-01", customer_segment="inactive") == (1.0, 1, 1, 1)
    assert shop.cell(kpi, "ratio_60d", "month", "06-01") == (0.0, 0, 2, 2)
    assert shop.cell(kpi, "ratio_180d", "month", "06-01") == (1.0, 2, 2, 2)
    assert shop.cell(kpi, "ratio_csat_4_5", "month", "06-01") == (1.0, 1, 1, 1), (
        "the latest with one"
    )
    assert shop.cell(kpi, "ratio_csat_1_2", "month", "06-01").n == 0
    assert shop.cell(kpi, "ratio_csat_none", "month", "06-01") == (0.0, 0, 1, 1)


def test_the_segment_is_that_of_the_month_of_the_resolve(tmp_path: Path) -> None:
    """Asked in May and resolved in June: the order of 20 May makes a new customer of it."""
    shop = TinyShop(
        tmp_path,
        SETTLED,
        tickets="ticket_id,customer_id A,a",
        messages=f"{MESSAGES} A,05-30,customer",
        ticket_events=f"{EVENTS} A,06-02,resolved,system",
        orders=f"{ORDERS} O,a,05-20,10",
    )
    assert shop.cell("repurchase_rate", "ratio", "month", "06-01", customer_segment="new").n == 1


def test_the_control_bought_and_did_not_write(tmp_path: Path) -> None:
    """Lag: 2 days (order L of l). Q: bought 10 June, t0 12 June, again on 12 June 00:00:01.

    S: the second order lies at t0 itself, W wrote 30 local days before June, V one day earlier.
    """
    shop = TinyShop(
        tmp_path,
        SETTLED,
        tickets="ticket_id,customer_id,order_id L,l,L W,w, V,v,",
        messages=f"{MESSAGES} L,03-03,customer W,05-02T00:00,customer V,05-01T23:59:59,customer",
        ticket_events=f"{EVENTS} L,03-04,resolved,human_agent",
        orders=f"{ORDERS} L,l,03-01,10 Q1,q,06-10,10 Q2,q,06-12T00:00:01,10"
        " S1,s,06-10,10 S2,s,06-12,10 W1,w,06-10,10 W2,w,07-10,10 V1,v,06-10,10",
    )
    kpi = "repurchase_rate"
    assert shop.cell(kpi, "control", "month", "06-01") == pytest.approx((1 / 3, 1, 3, 3))
    assert shop.cell(kpi, "uplift", "month", "06-01") == (None, None, None, 0), "nobody to compare"
    assert shop.cell(kpi, "ratio", "month", "03-01") == (0.0, 0, 1, 1)
    assert shop.cell(kpi, "uplift", "month", "03-01").value is None, (
        "l is loud, March has no control"
    )


def test_uplift_is_in_points_over_the_smaller_side(tmp_path: Path) -> None:
    """A was supported and came back; of the silent Q and S only Q did: 1 − 1/2, n 1."""
    shop = TinyShop(
        tmp_path,
        SETTLED,
        tickets="ticket_id,customer_id A,a",
        messages=f"{MESSAGES} A,06-10T09:00,customer",
        ticket_events=f"{EVENTS} A,06-10T10:00,resolved,human_agent",
        orders=f"{ORDERS} A1,a,06-01,10 A2,a,06-20,10 Q1,q,06-02,10 Q2,q,07-10,10 S1,s,06-03,10",
    )
    assert shop.cell("repurchase_rate", "uplift", "month", "06-01") == (0.5, None, None, 1)
    assert shop.cell("repurchase_rate", "ratio", "month", "06-01").n == 1
    nobody_asked = shop.cell("repurchase_rate", "ratio_csat_none", "month", "06-01")
    assert nobody_asked == (None, None, None, 0), "without any rating there are no bands"


def churners(
    folder: Path,
    ratings: str,
    orders: str,
    tickets: str,
    messages: str = "T,01-01,customer",
    account: Account = SETTLED,
) -> TinyShop:
    return TinyShop(
        folder,
        account,
        tickets=f"ticket_id,customer_id,tags {tickets}",
        messages=f"{MESSAGES} {messages}",
        csat_responses=f"ticket_id,rated_at,score,scale {ratings}",
        orders=f"{ORDERS} {orders}",
    )


def test_relative_risk_and_its_interval(tmp_path: Path) -> None:
    """Rated 1 or 2: 3 of 4 are gone; rated 4 or 5: 1 of 4. Risk 3, on the log scale ± 1.7892.

    All bought on 1 June; who stays buys on 1 July, so gaps are 30 days and the window is 90.
    """
    names = [f"{side}{n}" for side in "bg" for n in range(4)]
    staying = {"b0", "g0", "g1", "g2"}
    orders = [f"{name}x,{name},06-01,1" for name in names]
    orders += [f"{name}y,{name},07-01,1" for name in sorted(staying)]
    scores = [f"T{n},06-10T00:0{i},{2 if n[0] == 'b' else 4},1-5" for i, n in enumerate(names)]
    shop = churners(
        tmp_path, " ".join(scores), " ".join(orders), " ".join(f"T{n},{n}" for n in names)
    )
    kpi, n = "churn_rate", 8
    assert shop.cell(kpi, "ratio", "month", "06-01") == (0.5, 4, 8, 8)
    assert shop.cell(kpi, "ratio_csat_1_2", "month", "06-01") == (0.75, 3, 4, 4)
    assert shop.cell(kpi, "relative_risk", "month", "06-01") == (3.0, 0.75, 0.25, n)
    low, high = (shop.cell(kpi, stat, "month", "06-01") for stat in ("rr_low", "rr_high"))
    assert low[::3] == pytest.approx((3 * math.exp(-1.789194), n), rel=1e-5)
    assert high[::3] == pytest.approx((3 * math.exp(1.789194), n), rel=1e-5)
    assert risk_interval(0, 4, 1, 4) is None


@pytest.mark.parametrize(("window_s", "gone"), [(None, 1), (130 * 86400, 0), (119 * 86400, 2)])
def test_the_churn_window_is_twice_the_usual_gap(
    window_s: int | None, gone: int, tmp_path: Path
) -> None:
    """Gaps of 60, 60, 60 (m), 121 and 121 days: the window is 120, unless it is set.

    Both were rated on 2 January; A is back on the last second of the 120 days, B one later.
    """
    shop = churners(
        tmp_path,
        "TA,01-02,1,1-5 TB,01-02,5,1-5",
        "1,a,01-01,1 2,a,05-02,1 3,b,01-01,1 4,b,05-02T00:00:01,1"
        " 5,m,01-01,1 6,m,03-02,1 7,m,05-01,1 8,m,06-30,1",
        "TA,a TB,b",
        account=replace(SETTLED, churn_window_s=window_s),
    )
    assert shop.cell("churn_rate", "ratio", "month", "01-01") == (gone / 2, gone, 2, 2)


def test_a_recovery_or_a_better_rating_within_thirty_days_wins_back(tmp_path: Path) -> None:
    """Rated 1 on 10 June: R was tagged on 10 July, S rated 4 then, L too late; of N nothing.

    Gone: R no, S yes → 1/2 with; L and N yes → 1 without: reduction 1/2, of 2 and 2.
    """
    shop = churners(
        tmp_path,
        "TR,06-10T09:00,1,1-5 TS,06-10T09:01,2,1-5 TL,06-10T09:02,1,1-5 TN,06-10T09:03,1,1-5"
        " US,07-10T09:01,4,1-5 UL,07-10T09:02:01,5,1-5 VN,06-10T09:04,1,1-5",
        "1,r,06-01,1 2,r,08-01,1 3,s,06-01,1 4,l,06-01,1 5,n,06-01,1",
        "TR,r,cancel_request TS,s TL,l TN,n UR,r,return_request US,s UL,l VN,n",
        messages="UR,07-10T09:00,customer TR,06-10T09:00,customer",
    )
    assert shop.cell("churn_rate", "reduction", "month", "06-01") == (0.5, None, None, 2)


def test_spearman_with_ties() -> None:
    """Ranks 4, 2.5, 2.5, 1 and 3.5, 3.5, 1.5, 1.5: 3 / √(4.5 × 4)."""
    assert spearman([5, 4, 4, 1], [1, 1, 0, 0]) == pytest.approx(3 / math.sqrt(18))
    assert spearman([5, 4, 3], [1, 1, 1]) is None
    low, high = spearman_interval(0.5, 103)
    assert (math.atanh(low), math.atanh(high)) == pytest.approx((0.3414208, 0.7571915), abs=1e-6)


@pytest.mark.parametrize("customers", [100, 99])
def test_the_correlation_needs_a_hundred_customers(customers: int, tmp_path: Path) -> None:
    """Rated 5: 40 of 50 are back; rated 1: 10 of 50. ρ = (40 × 40 − 10 × 10) / 50² = 0.6."""
    names = [f"c{n}" for n in range(customers)]
    back = {name for n, name in enumerate(names) if n < 40 or 50 <= n < 60}
    orders = [f"{name}x,{name},04-01,1" for name in names]
    orders += [f"{name}y,{name},06-01,1" for name in names if name in back]
    ratings = [f"T{name},05-10T00:00,{5 if n < 50 else 1},1-5" for n, name in enumerate(names)]
    shop = churners(
        tmp_path,
        " ".join([*ratings, "Vc0,04-10,1,1-3 Uc0,05-11,bad,good_bad Uz,05-11,1,1-5"]),
        " ".join(orders),
        " ".join([*(f"T{name},{name}" for name in names), "Uc0,c0 Vc0,c0 Uz,z"]),
    )
    kpi, quarter = "csat_repurchase_correlation", ("quarter", "04-01")
    assert shop.cell(kpi, "value", *quarter).n == customers
    assert shop.cell(kpi, "ratio_csat_4_5", *quarter) == (0.8, 40, 50, 50)
    if customers == 100:
        spread = 1.959963984540054 * math.sqrt(1.18 / 97)
        assert shop.cell(kpi, "value", *quarter).value == pytest.approx(0.6)
        assert shop.cell(kpi, "low", *quarter).value == pytest.approx(
            math.tanh(math.atanh(0.6) - spread)
        )
    else:
        assert shop.cell(kpi, "value", *quarter).value is None
        assert shop.cell(kpi, "high", *quarter).value is None
