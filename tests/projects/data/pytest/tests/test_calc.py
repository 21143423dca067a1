import time
import pytest
from calc import add, div


def test_adds():
    time.sleep(0.06); assert add(1, 2) == 3


@pytest.mark.parametrize("a, b", [(6, 3), (4, 2)])
def test_divides(a, b):
    assert div(a, b) == 2


def test_wrong_sum():
    assert add(1, 2) == 4


class TestMore:
    def test_wrong_text(self):
        assert "abc" == "abd", "the texts differ"

    @pytest.mark.skip(reason="not today")
    def test_skipped(self):
        raise AssertionError("never run")


@pytest.mark.xfail(reason="integers only")
def test_expected_failure():
    assert div(1, 2) == 0


@pytest.mark.xfail(reason="it works after all")
def test_unexpected_pass():
    assert div(2, 2) == 1


@pytest.fixture
def broken():
    raise OSError("no such place")


def test_needs_broken(broken):
    pass
