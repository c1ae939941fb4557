"""The oracle's figures of revenue kept and brought in (R2, R3), worked by hand."""

from pathlib import Path

import pytest

from tests.oracle.tiny import EVENTS, MESSAGES, ORDERS, SETTLED, TinyShop


def recovery(folder: Path, tags: str, orders: str, refunds: str = "", events: str = "") -> TinyShop:
    """Tickets asked at 09:00; `tags` are rows of name, order, tags and day."""
    told = [row.split(",") for row in tags.split()]
    return TinyShop(
        folder,
        SETTLED,
        tickets="ticket_id,order_id,tags " + " ".join(f"{n},{o},{t}" for n, o, t, _ in told),
        messages=MESSAGES + " ".join(f"{n},{day}T09:00,customer" for n, _, _, day in told),
        ticket_events=EVENTS + (events or f"{told[0][0]},12-01,resolved,system"),
        orders=ORDERS + orders,
        refunds=f"order_id,refunded_at,amount,kind {refunds or 'X,06-01,1,refund'}",
    )


def test_an_order_is_saved_when_it_still_stands_after_thirty_days(tmp_path: Path) -> None:
    """Asked 10 June 09:00, judged 10 July 09:00.

    A charged back at the last second, B one second later, C cancelled, D refunded in full,
    E in part (100 − 30 − 20 goodwill), F returned without `saved`, G with it.
    """
    names = ["cancel_request"] * 5 + ["return_request", "return_request;saved"]
    tags = " ".join(f"T{n},{n},{t},06-10" for n, t in zip("ABCDEFG", names, strict=True))
    orders = " ".join(f"{n},c,06-01,100,{'06-11' if n == 'C' else ''}" for n in "ABCDEFG")
    refunds = (
        "A,07-10T09:00,5,chargeback B,07-10T09:00:01,100,chargeback"
        " D,06-20,60,refund D,06-21,40,refund E,06-05,30,refund E,07-01,20,refund"
    )
    shop = recovery(tmp_path, tags, orders, refunds)
    kpi = "revenue_saved"
    assert shop.cell(kpi, "attempted", "month", "06-01").n == 7
    assert shop.cell(kpi, "saved", "month", "06-01").n == 3
    assert shop.cell(kpi, "value", "month", "06-01") == (100 + 50 + 100, None, None, 3)
    assert shop.cell(kpi, "save_rate", "month", "06-01") == pytest.approx((3 / 7, 3, 7, 7))
    assert shop.cell(kpi, "value", "month", "07-01") == (None, None, None, 0)
    assert shop.cell(kpi, "attempted", "month", "07-01") == (0.0, None, None, 0)


def test_each_order_is_tried_and_saved_once(tmp_path: Path) -> None:
    """First asked to return it (May, tried), then to cancel (June, saved), then again (July).

    P is about something else, V a test order.
    """
    shop = recovery(
        tmp_path,
        "T1,O,return_request,05-10 T2,O,cancel_request,06-10 T3,O,chargeback_threat,07-10"
        " T4,P,vip,05-10 T5,V,cancel_request,05-10",
        "O,c,05-01,80 P,c,05-01,70 V,c,05-01,70,,,true",
    )
    attempted = [shop.cell("revenue_saved", "attempted", "month", f"0{m}-01").n for m in (5, 6, 7)]
    saved = [shop.cell("revenue_saved", "saved", "month", f"0{m}-01").n for m in (5, 6, 7)]
    assert (attempted, saved) == ([1, 0, 0], [0, 1, 0])
    assert shop.cell("revenue_saved", "save_rate", "month", "05-01") == (0.0, 0, 1, 1)
    assert shop.cell("revenue_saved", "save_rate", "month", "06-01").value is None


def test_the_last_event_about_a_tag_outweighs_the_column(tmp_path: Path) -> None:
    """A: taken off again; B: put on later, and not in the column; C: taken off, then on again."""
    shop = recovery(
        tmp_path,
        "TA,A,cancel_request,06-10 TB,B,,06-10 TC,C,cancel_request,06-10",
        "A,c,06-01,1 B,c,06-01,2 C,c,06-01,4",
        events="TA,06-11,tag_removed,,,cancel_request TB,09-11,tag_added,,,chargeback_threat"
        " TC,06-11,tag_removed,,,cancel_request TC,06-12,tag_added,,,cancel_request",
    )
    assert shop.cell("revenue_saved", "value", "month", "06-01") == (6, None, None, 2)


def test_one_order_without_a_rate_leaves_the_value_unknown(tmp_path: Path) -> None:
    tags = "TA,A,cancel_request,06-10 TB,B,cancel_request,06-10"
    shop = recovery(tmp_path, tags, "A,c,06-01,1,,USD B,c,06-01,2,,CHF")
    assert shop.cell("revenue_saved", "value", "month", "06-01") == (None, None, None, 2)
    assert shop.cell("revenue_saved", "saved", "month", "06-01").n == 2


def test_a_source_without_tags_says_nothing_of_recovery(tmp_path: Path) -> None:
    shop = recovery(tmp_path, "TA,A,,06-10", "A,c,06-01,1")
    assert shop.cell("revenue_saved", "attempted", "month", "06-01").value is None


def test_the_last_recommendation_in_time_earns_the_line(tmp_path: Path) -> None:
    """Order O (100 + 50 + 50, of which 40 refunded within 30 days and 9 later), placed 4 June.

    s1 was recommended by chat (1 June, three days before to the second) and by mail (3 June): the
    mail's 100 − 40 × 100/200 = 80. s2 only by chat: 50 − 10 = 40. s3 one second too early. Order P
    is somebody else's, V a test.
    """
    shop = TinyShop(
        tmp_path,
        SETTLED,
        tickets="ticket_id,customer_id,channel,category"
        " C,a,chat,size M,a,email,care E,a,phone,care P,p,chat,size",
        messages="ticket_id,sent_at,author_kind,recommended_skus,message_id"
        " C,06-01T08:00,customer,,1 C,06-01T09:00,ai_agent,s1;s2,2"
        ' M,06-03T08:00,customer,,3 M,06-03T09:00,ai_agent,["s1"],4'
        " M,06-03T10:00,human_agent,s2,5 E,06-01T08:00,customer,,6"
        " E,06-01T08:59:59,ai_agent,s3,7",
        orders=f"{ORDERS} O,a,06-04T09:00,200 P,p,06-04T09:00,50 V,a,06-04T09:00,50,,,true",
        order_lines="order_id,line_no,sku,quantity,net_amount,unit_price"
        " O,1,s1,2,,50 O,2,s2,1,50, O,3,s3,1,50, P,1,s2,1,50, V,1,s2,1,50,",
        refunds="order_id,refunded_at,amount,kind"
        " O,06-20,30,refund O,07-04T09:00,10,chargeback O,07-04T09:00:01,9,refund",
    )
    kpi = "ai_recommended_revenue"
    assert shop.cell(kpi, "value", "month", "06-01")[0] == pytest.approx(120)
    assert shop.cell(kpi, "value", "month", "06-01", channel="email")[0] == pytest.approx(80)
    assert shop.cell(kpi, "value", "month", "06-01", category="size")[0] == pytest.approx(40)
    assert shop.cell(kpi, "influenced", "month", "06-01") == (160, None, None, 1)
    assert shop.cell(kpi, "orders", "month", "06-01", channel="email").n == 1
    assert not shop.has(kpi, "orders", "month", "06-01", channel="chat"), (
        "the mail had the last word"
    )
    assert shop.cell(kpi, "orders", "month", "07-01") == (0.0, None, None, 0)
