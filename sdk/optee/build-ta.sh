#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Build one of the project's own TAs for Meson
#
#   build-ta.sh KIT TA-SOURCE-DIR TA-DIR OUTPUT.ta DEPFILE COMPILER CFLAGS
#
# Runs the TA's own Makefile with the kit, as a user would; objects stay beside
# OUTPUT, the image is put into TA-DIR as well. DEPFILE receives everything that the
# image was made of, so that the build system knows when to come back.
set -eu

kit=$1 src=$2 ta_dir=$3 output=$4 depfile=$5 compiler=$6 cflags=$7
uuid=$(basename "$output" .ta)
work=$(dirname "$output")/$uuid.build

mkdir -p "$work" "$ta_dir"
work=$(cd "$work" && pwd)
# A make above this one has flags of its own, which are not for the TA.
unset MAKEFLAGS MFLAGS MAKELEVEL
make -s -C "$src" TA_DEV_KIT_DIR="$kit" O="$work" CROSS_COMPILE= COMPILER="$compiler" \
	CFLAGS="$cflags"
cp "$work/$uuid.ta" "$output"
# Replaced as a whole: a TA host may have the old one mapped.
cp "$work/$uuid.ta" "$ta_dir/.$uuid.new"
mv "$ta_dir/.$uuid.new" "$ta_dir/$uuid.ta"

{
	printf '%s: ' "$output"
	# Prerequisites of the objects, those with a relative name seen from the TA
	find "$work" -name '*.o.d' -exec cat {} + |
		sed -e '/^[^ ]*:$/d' -e 's/^[^ ]*://' -e 's/\\$//' |
		tr -s ' \t' '\n\n' | sed -e '/^$/d' -e "s|^[^/]|$src/&|" | sort -u |
		tr '\n' ' '
	for file in "$src"/Makefile "$src"/sub.mk "$src"/../ta.mk "$kit"/mk/*.mk "$kit"/src/*; do
		[ ! -e "$file" ] || printf ' %s' "$file"
	done
	printf '\n'
} > "$depfile"
