"""The pool: blocks are used again, a limit holds, memory comes back; under the emulator's arrays, and behind Numba's plug-in."""

import gc
import threading
from types import SimpleNamespace

import numpy as np
import pytest

from labkit import devices, pool
from labkit.emulator import cuda
from labkit.kernels import compile
from labkit.live import recording, running


class Driver:
    """A device with so many bytes, which counts what it is asked for."""

    def __init__(self, room=10**9):
        self.room, self.held, self.asked = room, {}, 0

    def allocate(self, size):
        self.asked += 1
        if sum(self.held.values()) + size > self.room:
            raise MemoryError
        self.held[self.asked] = size
        return self.asked

    def release(self, handle):
        del self.held[handle]


@pytest.fixture
def driver():
    return Driver()


def made(driver, limit=10**9, **options):
    return pool.Pool(driver.allocate, driver.release, lambda: limit, **options)


def test_a_block_given_back_is_used_again(driver):
    memory = made(driver)
    block = memory.take(1000)
    other = memory.take(1000)
    assert block.handle != other.handle and driver.asked == 2
    memory.give(block)
    assert memory.take(990) is block and driver.asked == 2          # the same class of sizes
    assert memory.take(2000) is not other and driver.asked == 3


@pytest.mark.parametrize("size", [1, 511, 512, 513, 1000, 4097, 10**6, 2**26 + 1, 3 * 10**9])
def test_a_class_of_sizes_holds_its_size_and_wastes_at_most_a_quarter(size):
    chosen = pool.size_class(size)
    assert size <= chosen <= max(512, 1.25 * size) and pool.size_class(chosen) == chosen
    assert chosen - size < max(512, pool.COARSEST)


def test_a_training_step_asks_the_driver_once_for_each_size(driver):
    memory = made(driver)
    for _ in range(50):
        blocks = [memory.take(size) for size in (400, 5000, 5000, 70_000)]
        for block in blocks:
            memory.give(block)
    assert driver.asked == 4 and memory.kept == memory.taken == sum(driver.held.values())


def test_the_limit_holds_and_the_error_says_the_way_out(driver):
    memory = made(driver, limit=4 * 2**20)
    block = memory.take(3 * 2**20)
    with pytest.raises(MemoryError, match=r"no room on the GPU for 2.0 MiB more: this process has 3.0 MiB in use and may take 4.0 MiB. "
                                          "Use a smaller batch .* LABKIT_GPU_MEMORY higher"):
        memory.take(2 * 2**20)
    assert sum(driver.held.values()) == 3 * 2**20
    memory.give(block)
    assert memory.take(2 * 2**20) and memory.taken == 2 * 2**20     # what was kept made room


def test_when_the_device_is_full_what_is_kept_goes_back_and_it_is_tried_once_more(driver):
    driver.room = 10 * 2**20
    memory = made(driver)
    memory.give(memory.take(8 * 2**20))
    assert memory.take(4 * 2**20) and driver.asked == 3 and memory.taken == 4 * 2**20
    with pytest.raises(MemoryError, match="no room on the GPU for 8.0 MiB more: this process has 4.0 MiB in use and others have the rest. .* close"):
        memory.take(8 * 2**20)
    assert driver.asked == 5                                        # once, and once more


def test_an_array_in_a_cycle_is_let_go_of_before_giving_up():
    memory = made(Driver(room=2**20))

    class Holder:
        def __init__(self):
            self.block, self.me = memory.take(2**20), self

        def __del__(self):
            memory.give(self.block)

    gc.disable()
    try:
        Holder()
        assert memory.take(2**20)
    finally:
        gc.enable()


def test_free_gives_back_what_is_kept_now_and_what_is_in_use_later(driver):
    memory = made(driver)
    kept, used = memory.take(1024), memory.take(2048)
    memory.give(kept)
    assert memory.free() == 1024 and memory.taken == 2048
    memory.give(used)
    assert memory.taken == 0 and not driver.held
    assert memory.free() == 0


def test_a_private_shelf_keeps_to_itself(driver):
    memory, shelf = made(driver), pool.Shelf()
    outside = memory.take(1024)
    memory.give(outside)
    with memory.private(shelf):
        inside = memory.take(1024)
        assert inside is not outside                                # not what others gave back
        memory.give(inside)
        assert memory.take(1024) is inside
        other = []
        thread = threading.Thread(target=lambda: other.append(memory.take(1024)))
        thread.start()
        thread.join()
        assert other == [outside]                                   # another thread takes from the common shelf
    assert memory.take(1024) is not inside
    memory.give(inside)                                             # late, and still to where it came from
    assert memory.take(1024) is not inside and shelf.blocks[1024] == [inside]
    before = memory.taken
    memory.close(shelf)
    assert memory.taken == before - 1024


def test_nothing_goes_back_to_the_driver_during_a_capture(driver):
    memory = made(driver)
    block = memory.take(1024)
    memory.free()
    with memory.private(pool.Shelf()):
        memory.give(block)
        assert len(driver.held) == 1
    assert not driver.held and memory.taken == 0


def test_reuse_waits_where_it_has_to(driver):
    waited = []
    memory = made(driver, before_reuse=lambda: waited.append(1))
    block = memory.take(512)
    assert not waited
    memory.give(block)
    memory.take(512)
    assert waited == [1]


@pytest.mark.parametrize(("setting", "expected"), [
    ("", 9000), (" ", 9000), ("25%", 2500), ("0.5", 5000), ("1", 10_000), ("600 B", 600), ("2 GiB", 10_000), ("0.6 KB", 600), ("1kib", 1024),
])
def test_a_limit_is_an_amount_or_a_share(setting, expected):
    assert pool.limit(setting, 10_000) == expected


@pytest.mark.parametrize("setting", ["much", "0", "-1 GiB", "150%", "3 pages", "5", "%"])
def test_a_limit_that_makes_no_sense_is_refused(setting):
    with pytest.raises(ValueError, match='LABKIT_GPU_MEMORY is .* such as "4 GiB" or a share such as "25%"'):
        pool.limit(setting, 10_000)


# The emulator's arrays

@pytest.fixture
def emulated(monkeypatch):
    """The emulator's own pool, with nothing in it. What records steps there keeps the pool that it first met, so it is made anew too."""
    from labkit import graphs
    from labkit.emulator import host

    gc.collect()
    monkeypatch.setattr(host, "POOL", pool.Pool(bytearray, lambda handle: None, host.POOL._limit))
    graphs.emulated_device.cache_clear()
    yield host.POOL
    graphs.emulated_device.cache_clear()


def test_the_emulators_arrays_come_from_a_pool(emulated):
    a = cuda.to_device(np.arange(1000.0))
    block = emulated.taken
    part = a[10:20]
    del a
    b = cuda.device_array(1000)
    assert emulated.taken == 2 * block                              # a part keeps the whole
    np.testing.assert_array_equal(part.copy_to_host(), np.arange(10.0, 20))
    del part
    c = cuda.device_array(1001, np.float32)
    assert emulated.taken > 2 * block
    d = cuda.device_array((10, 100))
    assert emulated.taken == 2 * block + pool.size_class(4004) and np.isnan(d.copy_to_host()).all()     # used again, and garbage again
    assert b.size and c.size
    del b, c, d
    assert devices.free() >= 2 * block and emulated.taken == 0


def test_reused_memory_counts_as_never_written(emulated):
    from labkit.emulator import KernelFault

    @cuda.jit
    def double(a):
        i = cuda.grid(1)
        if i < a.size:
            a[i] = a[i] * 2

    cuda.to_device(np.ones(100))
    with pytest.raises(KernelFault, match="nothing has written yet"):
        double[1, 128](cuda.device_array(100))
    assert emulated.taken == pool.size_class(800)


def test_the_emulators_memory_has_a_limit(emulated, monkeypatch):
    monkeypatch.setenv("LABKIT_GPU_MEMORY", "1 MiB")
    with pytest.raises(MemoryError, match="no room on the GPU for 1.5 MiB more: this process has 0.0 KiB in use and may take 1.0 MiB"):
        cuda.to_device(np.zeros(180_000))
    assert cuda.device_array((0, 3)).size == 0


def test_a_fit_gives_its_memory_back_when_it_ends_and_when_it_raises(emulated, monkeypatch):
    from labkit import _cuda, mlp
    from labkit.mlp import MLPClassifier

    X, y = np.random.default_rng(0).normal(size=(12, 3)).astype(np.float32), np.arange(12) % 2
    monkeypatch.setattr(devices, "current", lambda: devices.Device("cuda", "", 1, 1))
    monkeypatch.setattr(_cuda, "real", lambda: cuda)
    monkeypatch.setattr(mlp, "WORTH_A_GPU", 0)
    MLPClassifier((4,), max_epochs=1, batch_size=5, optimizer="momentum", random_state=0).fit(X, y)
    gc.collect()
    assert emulated.taken == 0
    X[3] = 1e30
    with pytest.raises(FloatingPointError, match="Training diverged"):
        MLPClassifier((4,), max_epochs=3, batch_size=5, optimizer="gradient_descent", learning_rate=1e10, random_state=0).fit(X, y)
    gc.collect()
    assert emulated.taken == 0


def test_a_swarm_gives_its_memory_back(emulated, monkeypatch):
    from labkit import _cuda, swarm

    monkeypatch.setattr(devices, "current", lambda: devices.Device("cuda", "", 1, 1))
    monkeypatch.setattr(_cuda, "real", lambda: cuda)
    there = cuda.to_device(np.zeros(100))
    before = emulated.taken
    swarm.xor_networks(5, sweeps=2)
    gc.collect()
    assert emulated.taken == before                         # an array that a program holds is left alone
    np.testing.assert_array_equal(there.copy_to_host(), 0)


# Behind Numba's plug-in, with a stand-in for the driver

@pytest.fixture
def plugged(monkeypatch, driver):
    """Numba's real classes on a driver that only keeps count. Returns (context, driver)."""
    if problem := compile.why_not():
        pytest.skip(problem)
    from labkit import _cuda, memory

    class Context:
        synchronized = 0
        device = SimpleNamespace(id=0, _dev=SimpleNamespace())

        def create_stream(self):
            return "a stream"

        create_external_stream = get_per_thread_default_stream = create_stream

        def synchronize(self):
            self.synchronized += 1

    answers = {"cuMemAlloc": lambda size: [driver.allocate(size)], "cuMemFree": lambda handle: driver.release(handle),
               "cuMemGetInfo": lambda: (driver.room - sum(driver.held.values()), driver.room)}
    monkeypatch.setattr(_cuda, "driver", lambda function, *arguments: answers[function](*arguments))
    context = Context()
    context.memory_manager = memory.plug_in(_cuda.real())(context=context)
    context.memory_manager.initialize()
    return context


def test_numbas_memory_comes_from_the_pool(plugged, driver, monkeypatch):
    manager = plugged.memory_manager
    assert manager.get_memory_info() == (10**9, 10**9)
    first = manager.memalloc(4000)
    view = first.view(1000, 2000)                           # as a slice of an array holds it
    assert (first.device_pointer_value, view.device_pointer_value, first.size, view.size) == (1, 1001, 4000, 1000)
    del first
    second = manager.memalloc(4000)
    assert second.device_pointer_value == 2
    del view
    third = manager.memalloc(4000)
    assert third.device_pointer_value == 1 and driver.asked == 2 and plugged.synchronized == 0
    monkeypatch.setenv("LABKIT_GPU_MEMORY", "8 KiB")
    with pytest.raises(MemoryError, match="this process has 8.0 KiB in use and may take 8.0 KiB"):
        manager.memalloc(1)
    del second, third
    manager.reset()
    assert not driver.held


def test_arrays_of_numpy_that_a_kernel_is_started_with_come_from_it_too(plugged, driver, monkeypatch):
    """Numba asks cuda.core for their memory, which has a pool of its own. Its Buffer wants a GPU."""
    monkeypatch.setattr("cuda.core.Buffer", SimpleNamespace(from_handle=lambda handle, size, mr: (handle, size, mr)))
    resource = plugged.device._dev.memory_resource
    assert (resource.device_id, resource.is_device_accessible, resource.is_host_accessible, resource.is_managed) == (0, True, False, False)
    for _ in range(2):
        assert resource.allocate(4000, stream=0) == (1, 4000, resource) and driver.asked == 1
        resource.deallocate(1, 4000, stream=0)
    resource.deallocate(0, 0)                               # an array of no elements
    monkeypatch.setenv("LABKIT_GPU_MEMORY", "4 KiB")
    with pytest.raises(MemoryError, match="no room on the GPU"):
        resource.allocate(5000, stream=0)


def test_a_stream_of_the_programs_own_makes_reuse_wait(plugged):
    from labkit import memory

    manager = plugged.memory_manager
    assert memory.ordered_stream(SimpleNamespace(current_context=lambda: plugged)) == "a stream"
    block = manager.memalloc(4000)
    del block
    manager.memalloc(4000)
    assert plugged.synchronized == 0
    assert plugged.create_stream() == "a stream"
    manager.memalloc(4000)
    assert plugged.synchronized == 1


def test_while_a_step_is_recorded_nobody_waits_for_the_gpu(plugged, monkeypatch):
    """The driver refuses it, and calls the recording invalid: the thread that records goes on, another one waits for its end."""
    manager, order = plugged.memory_manager, []
    plugged.create_stream()
    plugged.synchronize = lambda: order.append("synchronized")
    manager.memalloc(4000)
    with recording, monkeypatch.context() as patched:
        patched.setattr(running, "capture", SimpleNamespace(records=True))
        manager.memalloc(4000)
        assert order == []
        other = threading.Thread(target=lambda: manager.memalloc(4000))
        other.start()
        other.join(0.1)
        order.append("recorded")
    other.join()
    assert order == ["recorded", "synchronized"]


def test_numba_takes_the_plug_in_unless_another_was_chosen(monkeypatch):
    if problem := compile.why_not():
        pytest.skip(problem)
    from numba.cuda.cudadrv import driver

    from labkit import _cuda, memory

    cuda = _cuda.real()
    monkeypatch.setattr(driver, "_memory_manager", None)
    assert memory.install(cuda) and driver._memory_manager is memory.plug_in(cuda)
    assert not memory.install(cuda)                         # a GPU in use keeps what it has


def test_the_drivers_answers_become_errors_in_words(monkeypatch):
    if problem := compile.why_not():
        pytest.skip(problem)
    from cuda.bindings import driver

    from labkit import _cuda

    monkeypatch.setattr(driver, "cuMemAlloc", lambda size: (driver.CUresult(0 if size == 1 else size), 42))
    assert _cuda.driver("cuMemAlloc", 1) == [42]
    with pytest.raises(MemoryError):
        _cuda.driver("cuMemAlloc", 2)
    with pytest.raises(RuntimeError, match="the CUDA driver refused cuMemAlloc with CUDA_ERROR_NOT_INITIALIZED"):
        _cuda.driver("cuMemAlloc", 3)


def test_after_a_kernel_that_failed_the_way_out_is_said_and_memory_is_let_go_in_silence(monkeypatch):
    if problem := compile.why_not():
        pytest.skip(problem)
    from cuda.bindings import driver

    from labkit import memory

    for function in ("cuMemAlloc", "cuMemFree"):
        monkeypatch.setattr(driver, function, lambda _: (driver.CUresult.CUDA_ERROR_ILLEGAL_ADDRESS, None))
    with pytest.raises(RuntimeError, match="outside an array, and the GPU does nothing more .* Restart the notebook's kernel"):
        memory._allocate(512)
    memory._release(1)


def test_numba_says_so_too_of_a_copy_that_meets_a_kernel_that_failed():
    from labkit import _cuda

    class Numbas:
        def _check_cuda_python_error(self, function, returned):
            return function, returned

    class Code(int):
        name = "CUDA_ERROR_ILLEGAL_ADDRESS"

    _cuda.explain(Numbas)
    assert Numbas()._check_cuda_python_error("cuMemcpyDtoH", (Code(1),)) == ("cuMemcpyDtoH", (1,))
    with pytest.raises(_cuda.Stopped, match=r"\(CUDA_ERROR_ILLEGAL_ADDRESS\), mostly .* Restart the notebook's kernel"):
        Numbas()._check_cuda_python_error("cuMemcpyDtoH", (Code(700),))
    _cuda.explain(object)


def test_the_function_that_is_made_to_say_so_is_there():
    if problem := compile.why_not():
        pytest.skip(problem)
    from labkit import _cuda

    _cuda.real()
    from numba.cuda.cudadrv.driver import Driver

    assert hasattr(Driver._check_cuda_python_error, "__wrapped__")
