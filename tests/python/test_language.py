"""Features of the language and habits of programs: with behaviors, in ``__main__`` or in a module, as without."""

import collections
import sys

from support import BACKEND, pytest
from support.features import WAYS, groups_of, names_bound_by, output_of
from support.features_classes import CLASSES
from support.features_data import DATA
from support.features_functions import FUNCTIONS
from support.features_identity import IDENTITY
from support.features_introspection import INTROSPECTION
from support.features_libraries import LIBRARIES
from support.features_state import STATE

TABLES = {
    "identity": IDENTITY,
    "classes": CLASSES,
    "functions": FUNCTIONS,
    "introspection": INTROSPECTION,
    "data": DATA,
    "libraries": LIBRARIES,
    "state": STATE,
}
GROUPS = groups_of(TABLES)

# What differs is known for this Python; on older ones, some of it does not.
KNOWN_FROM = (3, 14)

each_way = pytest.mark.parametrize("way", WAYS)


def test_there_are_many_features_and_each_has_a_name_of_its_own():
    names = [feature.name for features in TABLES.values() for feature in features]
    assert len(names) >= 100
    assert len(names) == len(set(names))


@pytest.mark.parametrize("group", GROUPS)
def test_features_of_one_program_do_not_disturb_each_other(group):
    counts = collections.Counter(name for feature in GROUPS[group] for name in names_bound_by(feature))
    assert [name for name, count in counts.items() if count > 1] == []


@each_way
@pytest.mark.parametrize(
    ("group", "feature"),
    [pytest.param(group, feature, id=feature.name) for group in GROUPS for feature in GROUPS[group]],
)
def test_a_feature(group, feature, way):
    features = tuple(GROUPS[group])
    expected, _, told = output_of(features, "main", True)
    assert feature.name in expected, f"plain Python stopped before '{feature.name}'\n{told}"
    assert "raised " not in expected[feature.name], "in plain Python"
    imported, _, told = output_of(features, "module", True)
    assert imported.get(feature.name) == expected[feature.name], f"plain Python, imported\n{told}"
    found, _, told = output_of(features, way, False)
    assert feature.name in found, f"the program stopped before '{feature.name}'\n{told}"
    reason = feature.known.get(f"{way} on {BACKEND}")
    if reason is None:
        assert found[feature.name] == expected[feature.name], f"{feature.name}:\n{feature.text}"
    elif sys.version_info >= KNOWN_FROM:
        assert found[feature.name] != expected[feature.name], f"{feature.name} does not differ any more: {reason}"


@each_way
@pytest.mark.parametrize("group", GROUPS)
def test_the_programs_end_well_and_report_nothing(group, way):
    features = tuple(GROUPS[group])
    _, (status, reports), told = output_of(features, way, False)
    assert status == 0, told
    if group in TABLES or not any(feature.known for feature in features):
        assert reports == "", told
