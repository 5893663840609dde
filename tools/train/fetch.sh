#!/bin/sh
# Downloads the Debian packages whose text the models are trained on and unpacks them below WORK/root, without
# installing anything, and fetches the English package descriptions into WORK/lists.
# The newest versions in bookworm are taken; WORK/versions.txt says which.
# Usage: fetch.sh WORK
set -eu
work=$(mkdir -p "$1" && cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$work/debs" "$work/root" "$work/lists/partial"
apt-get -o Acquire::Languages=en -o Dir::State::lists="$work/lists" update
cd "$work/debs"
sed -n 's/^\([^# ][^ ]*\) .*/\1/p' "$here/packages.txt" | xargs apt-get download
for deb in *.deb; do dpkg -x "$deb" "$work/root"; done
for deb in *.deb; do dpkg-deb -W --showformat='${Package} ${Version}\n' "$deb"; done | sort > "$work/versions.txt"
