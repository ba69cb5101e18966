#!/bin/sh
# Prints the path of a Python 3.11, 3.12 or 3.13 that can make environments: the first that serves of the commands given, or of the usual ones.
# Each is run, not only looked up: a version manager may leave a python3.12 on the PATH that only says which version to choose.
# An environment that exists (KEEP=its Python) keeps the Python that it was made with.

probe='
import importlib.util, struct, sys
found = "%d.%d.%d" % sys.version_info[:3]
has = importlib.util.find_spec
if not ((3, 11) <= sys.version_info[:2] <= (3, 13) and sys.implementation.name == "cpython" and struct.calcsize("P") == 8):
    print("other " + found)
elif not (has("venv") and (has("ensurepip") or has("pip"))):
    print("bare " + found)
else:
    print("serves " + sys._base_executable)
'

asked="$*"
if [ $# -eq 0 ]; then
    set -- ${KEEP:+"$KEEP"} python3.13 python3.12 python3.11 python3 python "py -3" "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.1[123].*/bin/python
fi

bare='' other='' debian='Debian, Ubuntu: sudo apt-get install python3 python3-venv'
for candidate in "$@"; do
    command="$candidate"
    if [ "$candidate" = "py -3" ]; then command=py; fi
    answer=$("$command" ${candidate#"$command"} -I -c "$probe" 2>/dev/null) || continue
    case $answer in
        serves*) printf '%s\n' "${answer#serves }"; exit 0 ;;
        bare*) bare=${bare:-"$candidate ${answer#bare }"} ;;
        other*) other="$other${other:+, }$candidate is ${answer#other }" ;;
    esac
done

# Where the system's own Python is newer, python3 would be that one again.
case $other in
    *' is 3.1'[4-9]* | *' is 3.'[2-9][0-9]*) debian='Ubuntu: sudo add-apt-repository ppa:deadsnakes/ppa && sudo apt-get install python3.13-venv' ;;
esac

{
    if [ -n "$bare" ]; then
        printf '%s has neither the module ensurepip nor pip, so it cannot make an environment; ' "$bare"
        version=${bare##* }
        printf "add it (Debian, Ubuntu: sudo apt-get install python%s-venv) and run this again.\n" "${version%.*}"
    elif [ -n "$asked" ]; then
        printf 'PYTHON=%s does not run as a 64-bit Python 3.11, 3.12 or 3.13%s; ' "$asked" "${other:+ ($other)}"
        printf 'name one that does, or leave PYTHON out to have one found.\n'
    else
        printf 'No 64-bit Python 3.11, 3.12 or 3.13 runs here%s; ' "${other:+ ($other)}"
        printf 'install one (%s; macOS: brew install python@3.13), ' "$debian"
        printf 'or name yours: make setup PYTHON=/path/to/python3.12\n'
    fi
} >&2
exit 1
