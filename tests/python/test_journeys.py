"""Values of every kind that travel between interpreters by random ways. For more of them: `make fuzz`."""

from support import pytest
from support.journeys import check_travel


@pytest.mark.slow
@pytest.mark.parametrize("strict", ["0", "1"])
@pytest.mark.parametrize("seed", range(2))
def test_values_on_random_journeys_are_never_lost_nor_changed(seed, strict):
    check_travel(str(seed), 0, 200, strict)
