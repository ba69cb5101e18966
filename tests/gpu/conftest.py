"""What every test here needs: a GPU, and one that still works.

After a kernel that failed, the driver refuses its process everything. Then one test says so, where it was met, and those after it name that one.
"""

import pytest

from labkit import devices

STOPPED = pytest.StashKey[str]()


@pytest.fixture(autouse=True)
def a_gpu_that_works(request):
    if problem := devices.find_gpu().problem:
        pytest.skip(problem)
    if before := request.config.stash.get(STOPPED, ""):
        pytest.fail(f"not run: the GPU does nothing more for this process since {before}. To run the others, --deselect that one.", pytrace=False)
    yield
    from labkit import _cuda

    try:
        _cuda.real().synchronize()              # what a kernel did wrong is known when it has ended
    except Exception:
        request.config.stash[STOPPED] = request.node.nodeid
        raise
