#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Build one of the project's own Mink TAs for Meson
#
#   build-ta.sh KIT TA-SOURCE-DIR TA-DIR OUTPUT.mbn DEPFILE COMPILER CFLAGS
#
# Runs the TA's own Makefile with the kit, as a user would; objects stay beside OUTPUT,
# the image is put into TA-DIR as well. DEPFILE receives everything that the image was
# made of, so that the build system knows when to come back.
set -eu

kit=$1 src=$2 ta_dir=$3 output=$4 depfile=$5 compiler=$6 cflags=$7
name=$(basename "$output" .mbn)
work=$(dirname "$output")/$name.build

mkdir -p "$work" "$ta_dir"
work=$(cd "$work" && pwd)
# A make above this one has flags of its own, which are not for the TA.
unset MAKEFLAGS MFLAGS MAKELEVEL
make -s -C "$src" MINK_TA_KIT_DIR="$kit" O="$work" COMPILER="$compiler" CFLAGS="$cflags"
cp "$work/$name.mbn" "$output"
# Replaced as a whole: a client may be reading the old one.
cp "$work/$name.mbn" "$ta_dir/.$name.new"
mv "$ta_dir/.$name.new" "$ta_dir/$name.mbn"

{
	printf '%s: ' "$output"
	# Prerequisites of the objects, those with a relative name seen from the TA
	find "$work" -name '*.o.d' -exec cat {} + |
		sed -e '/^[^ ]*:$/d' -e 's/^[^ ]*://' -e 's/\\$//' |
		tr -s ' \t' '\n\n' | sed -e '/^$/d' -e "s|^[^/]|$src/&|" | sort -u |
		tr '\n' ' '
	for file in "$src"/Makefile "$kit"/mk/*.mk "$kit"/src/*; do
		printf ' %s' "$file"
	done
	printf '\n'
} > "$depfile"
