#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# usage: make_bad_tas.sh GOOD_TA OUT_DIR STAMP
#
# Fill OUT_DIR with files that are no trusted applications: see bad_tas.h.
set -eu
good=$1 dir=$2 stamp=$3
rm -rf "$dir"
mkdir -p "$dir"
name() { printf '%s/bad00000-000%s-4000-8000-00000000000%s.ta' "$dir" "$1" "$1"; }
head -c 5000 /dev/zero | tr '\0' 'x' >"$(name 1)"
: >"$(name 2)"
head -c "$(($(wc -c <"$good") / 2))" "$good" >"$(name 3)"
mkdir "$(name 4)"
cp "$good" "$(name 5)"
touch "$stamp"
