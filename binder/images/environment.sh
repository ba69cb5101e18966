# Read by postBuild and by start, so that what is compiled at build is what every server looks for.
#
# Numba compiles for the very processor it runs on, and nodes differ. In these images it compiles for any x86 processor with AVX2 (Intel's
# since 2013, AMD's since 2015), whichever machine built them.
if [ "$(uname -m)" = x86_64 ]; then
    export NUMBA_CPU_NAME=x86-64-v3 NUMBA_CPU_FEATURES=
fi
