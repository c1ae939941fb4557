"""When a watch asks which source next."""

from bookbag_orchestration.paces import Paces


def test_each_source_is_asked_at_its_own_pace() -> None:
    paces = Paces({"desk": 20.0, "shop": 60.0})
    assert paces.due(100.0) == ["desk", "shop"]
    paces.answered("desk", 101.0)
    paces.answered("shop", 102.0)
    assert paces.due(120.0) == []
    assert paces.wait_s(115.0) == 6.0
    assert paces.due(121.0) == ["desk"]
    paces.answered("desk", 123.0)
    assert paces.due(142.0) == []
    assert paces.due(162.0) == ["desk", "shop"]


def test_a_source_that_does_not_answer_is_asked_less_and_less_often() -> None:
    paces = Paces({"desk": 20.0})
    assert paces.missed("desk", 0.0) == 1
    assert paces.due(39.0) == []
    assert paces.due(40.0) == ["desk"]
    assert paces.missed("desk", 40.0) == 2
    assert paces.due(119.0) == []
    assert paces.due(120.0) == ["desk"]
    assert [paces.missed("desk", 200.0) for _ in range(5)] == [3, 4, 5, 6, 7]
    assert paces.wait_s(200.0) == 240.0
    paces.answered("desk", 440.0)
    assert paces.missed("desk", 460.0) == 1


def test_one_that_people_have_to_mend_is_left_alone() -> None:
    paces = Paces({"desk": 20.0, "shop": 60.0})
    paces.answered("shop", 0.0)
    paces.give_up("desk")
    assert paces.due(59.0) == []
    assert paces.due(1e9) == ["shop"]


def test_the_others_are_those_that_answer() -> None:
    paces = Paces({"desk": 20.0, "shop": 60.0, "chat": 20.0, "mail": 20.0})
    paces.missed("chat", 0.0)
    paces.give_up("mail")
    assert paces.others(["desk"]) == ["shop"]


def test_without_a_source_nothing_is_due() -> None:
    assert Paces({}).due(0.0) == []
    assert Paces({}).wait_s(5.0) == 0.0
