#!/bin/sh
# Lets bubblewrap make user namespaces on Ubuntu 23.10 and later, for every account, with the profile beside this file:
#
#   sudo sh binder/hub/apparmor/allow.sh [/etc/apparmor.d]
#
# Ubuntu 25.04 and later bring a profile of the same name, bwrap-userns-restrict. It lets bubblewrap make a namespace, but whatever runs inside has
# no rights there, and the sandbox makes a second one inside, for each student. So that profile is switched off first.
set -e
here=$(dirname "$(readlink -f "$0")")
profiles=${1:-/etc/apparmor.d}
theirs=$profiles/bwrap-userns-restrict

if [ -e "$theirs" ]; then
    mkdir -p "$profiles/disable"
    ln -sf "$theirs" "$profiles/disable/bwrap-userns-restrict"
    apparmor_parser --remove "$theirs" || true      # it may not be loaded
fi
cp "$here/bwrap" "$profiles/bwrap"
apparmor_parser --replace "$profiles/bwrap"
