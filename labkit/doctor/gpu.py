"""The GPU, its driver, and the packages that compile for it."""

import shutil
import sys
from pathlib import Path

from labkit.doctor.finding import Finding, pip, unset, version

CU13_DRIVER = (13, 0)       # numba-cuda[cu13] brings CUDA 13, which runs on drivers for CUDA 13.0 and later


def gpu():
    from labkit import devices

    found = devices.find_gpu()
    if found.name:
        return Finding("GPU", True, f"{found.name}, {found.memory_bytes / 2**30:.0f} GiB")
    cost = "the swarms run with fewer runs, on CPU cores, and your kernels run in the emulator; no lab leaves out a lesson for that"
    cards = graphics_cards()
    if cards:
        return Finding("GPU", False, f"an NVIDIA card is built in, but {found.problem}", cost, driver_command())
    return Finding("GPU", False, f"{found.problem}; no command adds one, but a computer, hub or cloud notebook with an NVIDIA GPU has it", cost)


def memory():
    """What one notebook may take of the GPU, where LABKIT_GPU_MEMORY sets it; else nothing."""
    from labkit import devices, pool

    setting, found = pool.setting(), devices.find_gpu()
    if not setting.strip():
        return None
    try:
        limit = pool.limit(setting, found.memory_bytes or 2**60)
    except ValueError as error:
        cost = "nothing while no GPU can be used" if found.problem else "labs stop where they first use the GPU"
        return Finding("GPU memory", False, str(error), cost, unset("LABKIT_GPU_MEMORY"), needed=not found.problem)
    if found.problem:
        return Finding("GPU memory", True, f"LABKIT_GPU_MEMORY={setting}, which counts where a GPU can be used")
    return Finding("GPU memory", True, f"{pool.in_words(limit)} for each notebook (LABKIT_GPU_MEMORY={setting})")


def graphics_cards(devices=Path("/sys/bus/pci/devices")):
    """NVIDIA's graphics cards on the PCI bus (Linux), whether or not a driver runs them."""
    def says(device, name):
        try:
            return (device / name).read_text().strip()
        except OSError:
            return ""

    return [d.name for d in sorted(devices.glob("*")) if says(d, "vendor") == "0x10de" and says(d, "class").startswith("0x03")]


def driver():
    from labkit import devices

    found = devices.find_gpu()
    if found.driver is None:
        built_in = bool(graphics_cards())
        return Finding("Driver", False, found.problem, "the GPU stays unused" if built_in else "nothing: there is no NVIDIA GPU to drive",
                       driver_command() if built_in else "")
    if tuple(map(int, found.driver.split("."))) < CU13_DRIVER:
        return Finding("Driver", False, f"for CUDA {found.driver}, and the pinned CUDA packages are for 13", "the GPU stays unused",
                       driver_command() or pip('"numba-cuda[cu12]"'))
    return Finding("Driver", True, f"for CUDA {found.driver}")


def driver_command():
    """How this system installs NVIDIA's driver, or nothing where no single command does."""
    if shutil.which("ubuntu-drivers"):
        return "sudo ubuntu-drivers install"
    return "sudo apt-get install nvidia-driver" if shutil.which("apt-get") else ""


def cuda_packages():
    """What compiles CUDA kernels: needed with a GPU; without one, only to look at the code that a GPU would run."""
    from labkit import devices

    names = ("numba-cuda", "cuda-toolkit", "nvidia-nvvm", "nvidia-cuda-nvrtc", "nvidia-nvjitlink")
    missing = [name for name in names if version(name) is None]
    if not missing:
        return Finding("CUDA packages", True, ", ".join(f"{name} {version(name)}" for name in names))
    if sys.platform == "darwin":
        return Finding("CUDA packages", False, "there are none for macOS", "nothing: there is no NVIDIA GPU to compile for")
    cost = "the GPU stays unused" if devices.find_gpu().name else "nothing in the labs; kernels cannot be compiled for a look at them"
    return Finding("CUDA packages", False, f"missing: {', '.join(missing)}", cost, pip(devices.INSTALL.removeprefix("pip install ")))
