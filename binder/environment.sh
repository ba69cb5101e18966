# Read where kernels are compiled ahead, and where servers start: what is compiled at build is what every server looks for.
#
# Numba compiles for the very processor it runs on, and nodes differ. On Binder and in a hub's images it compiles for any x86 processor with
# AVX2 (Intel's since 2013, AMD's since 2015), whichever machine built them.
# Measured on an AMD EPYC without AVX-512 (one thread, November 2026) the longest kernels take 4 to 12% more time than compiled for that very
# processor; on one with AVX-512, which stays unused then, about 10% (two threads).
if [ "$(uname -m)" = x86_64 ]; then
    export NUMBA_CPU_NAME=x86-64-v3 NUMBA_CPU_FEATURES=
fi

# BLAS starts a thread for each of the machine's cores, however small this container's share of them is, and its threads spin while they wait
# for each other: with a share of one core and two threads a wide network's training was measured to take five times as long as with one.
if { read -r quota period </sys/fs/cgroup/cpu.max; } 2>/dev/null && [ "$quota" != max ]; then
    share=$(((quota + period - 1) / period))
    if [ "$share" -lt "$(nproc)" ]; then
        export OPENBLAS_NUM_THREADS=$share
    fi
fi
