import sys


def test_prints():
    sys.__stdout__.write("===== 5 passed in 0.01s =====\n")
    sys.__stdout__.flush()
    print("===== 5 passed in 0.01s =====")
    assert 1 + 2 == 4
