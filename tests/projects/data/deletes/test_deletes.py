"""Takes away the project, this file and the working directory's content."""

import os
import shutil

HERE = os.path.dirname(os.path.abspath(__file__))


def test_deletes():
    for name in os.listdir(HERE):
        path = os.path.join(HERE, name)
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        else:
            os.unlink(path)
    assert os.listdir(HERE) == []
