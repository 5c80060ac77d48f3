"""Tables, facts and trees as a person sees them."""

from controller.entrypoints.cli.layout import Branch, drawn, facts, table


def test_a_table_is_as_wide_as_its_cells() -> None:
    assert table(("RUN", "STATE"), [("1", "Running"), ("12345", "")]) == ["RUN    STATE", "1      Running", "12345"]


def test_facts_line_up_and_go_on_without_a_label() -> None:
    assert facts([("a", "1"), ("", "2"), ("none", ""), ("long", "3")]) == ["  a     1", "        2", "  long  3"]


def test_a_tree_shows_what_hangs_below_what() -> None:
    tree = [Branch("a", [Branch("b", [Branch("c")]), Branch("d")]), Branch("e", [Branch("f")])]
    assert list(drawn(tree)) == ["├─ a", "│  ├─ b", "│  │  └─ c", "│  └─ d", "└─ e", "   └─ f"]
