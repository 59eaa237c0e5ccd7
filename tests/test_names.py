"""The message for an unknown name."""

from usg.names import unknown_name


def test_case_does_not_matter() -> None:
    assert "did you mean 'MaskedNode'?" in unknown_name("objective", "maskednode", ["MaskedNode", "Endpoint"])


def test_nothing_near_prints_the_list() -> None:
    assert unknown_name("head", "zzz", ["qa", "caption"]) == "unknown head 'zzz'. Known: caption, qa"


def test_long_lists_are_cut() -> None:
    message = unknown_name("label", "q", [f"label{i:02}" for i in range(30)])
    assert message.endswith("label19 and 10 more")
