"""What differs between two states is told field by field."""

import pytest

from audit.diff import FieldChange, changes


def told(before, after):
    return [(change.path, change.kind, change.before, change.after) for change in changes(before, after)]


def test_same_states_have_no_difference():
    state = {"name": "orders", "metadata": {"rows": 5, "tags": ["a"]}, "schema": [{"name": "id"}]}
    assert changes(state, {**state, "metadata": {"tags": ["a"], "rows": 5.0}}) == []


def test_each_field_says_what_it_was_and_is():
    assert told({"a": 1, "gone": None, "b": "x"}, {"a": 2, "b": "x", "new": []}) == [
        ("a", "changed", 1, 2),
        ("new", "added", None, []),
        ("gone", "removed", None, None),
    ]


def test_creation_adds_every_field_and_deletion_removes_it():
    assert changes(None, {"name": "x"}) == [FieldChange("name", None, "x", "added")]
    assert changes({"name": "x"}, None) == [FieldChange("name", "x", None, "removed")]
    assert changes(None, None) == []


def test_nested_objects_go_by_path():
    assert told({"metadata": {"owner": {"team": "a"}}}, {"metadata": {"owner": {"team": "b"}}}) == [
        ("metadata.owner.team", "changed", "a", "b")
    ]


def test_columns_go_by_name_whatever_their_position():
    before = {"schema": [{"name": "id", "type": "int"}, {"name": "price", "type": "int"}, {"name": "old"}]}
    after = {"schema": [{"name": "price", "type": "numeric"}, {"name": "new"}, {"name": "id", "type": "int"}]}
    assert told(before, after) == [
        ("schema[price].type", "changed", "int", "numeric"),
        ("schema[new]", "added", None, {"name": "new"}),
        ("schema[old]", "removed", {"name": "old"}, None),
    ]


def test_order_of_columns_alone_is_a_change_of_the_list():
    a, b = {"name": "a"}, {"name": "b"}
    assert told({"schema": [a, b]}, {"schema": [b, a]}) == [("schema", "changed", [a, b], [b, a])]


def test_two_columns_of_one_name_are_compared_as_one_list():
    before, after = [{"name": "a", "n": 1}, {"name": "a", "n": 2}], [{"name": "a", "n": 1}]
    assert told({"schema": before}, {"schema": after}) == [("schema", "changed", before, after)]


def test_names_that_would_be_read_as_paths_are_quoted():
    assert [change.path for change in changes({}, {"a.b": 1, 'say "x"': 2, "": 3})] == ['"a.b"', '"say ""x"""', '""']


@pytest.mark.parametrize(("before", "after"), [(1, True), (0, False), ([1], [True]), ({"x": 1}, {"x": True})])
def test_true_is_not_one(before, after):
    assert len(changes({"v": before}, {"v": after})) == 1


def test_depth_has_an_end():
    def nested(value):
        for _ in range(200):
            value = {"x": value}
        return value

    (change,) = changes(nested(1), nested(2))
    assert change.kind == "changed"
    assert change.path.count("x") == 40
