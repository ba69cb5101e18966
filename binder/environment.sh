# Read where kernels are compiled ahead, and where servers start: what is compiled at build is what every server looks for.
#
# Numba compiles for the very processor it runs on, and nodes differ. On Binder and in a hub's images it compiles for any x86 processor with
# AVX2 (Intel's since 2013, AMD's since 2015), whichever machine built them.
# Measured on an AMD EPYC without AVX-512 (one thread, November 2026) the longest kernels take 4 to 12% more time than compiled for that very
# processor; with AVX-512, which stays unused then, the difference was not measured.
if [ "$(uname -m)" = x86_64 ]; then
    export NUMBA_CPU_NAME=x86-64-v3 NUMBA_CPU_FEATURES=
fi
