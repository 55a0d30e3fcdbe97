#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Each header of a directory must compile alone, and survive a second inclusion.
#
#   headers_alone.sh ROOT DIRECTORY PATTERN LANGUAGE COMPILER [ARGUMENT]...
#
# Headers below ROOT/DIRECTORY whose name fits PATTERN are included by their path
# from ROOT. LANGUAGE is that of the compiler's -x. Exits with 77 (skipped) when
# there are no headers or the compiler does not know the language.
set -u

root=$1
directory=$2
pattern=$3
language=$4
shift 4

compile()
{
	"$@" -x "$language" -fsyntax-only -
}

if ! echo 'int header_alone;' | compile "$@" 2>/dev/null; then
	echo "skipped: '$*' cannot compile $language"
	exit 77
fi
if [ ! -d "$root/$directory" ]; then
	echo "skipped: there is no directory $root/$directory"
	exit 77
fi

n=0
failed=0
headers=$(cd "$root" && find "$directory" -name "$pattern" | sed 's,^\./,,' | LC_ALL=C sort)
for header in $headers; do
	n=$((n + 1))
	if ! printf '#include "%s"\n#include "%s"\nextern int header_alone;\n' \
		"$header" "$header" | compile "$@" -I"$root"; then
		echo "FAILED: $header does not compile alone as $language: $*"
		failed=$((failed + 1))
	fi
done

if [ "$n" -eq 0 ]; then
	echo "skipped: no $pattern in $root/$directory"
	exit 77
fi
echo "$n headers, $failed failed"
[ "$failed" -eq 0 ]
