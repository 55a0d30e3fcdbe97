#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# swtee run and swtee ls with a fake swteed.
# usage: test_cli.sh SWTEE FAKE_SWTEED SHIM

set -u

work=$(mktemp -d /tmp/swtee-cli-XXXXXX)
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin" "$work/run" "$work/ta1" "$work/ta2"
cp "$1" "$work/bin/swtee"
cp "$2" "$work/bin/swteed"
cp "$3" "$work/bin/libswtee-shim.so"

swtee=$work/bin/swtee
# Of its own, so that what is left behind can be seen
XDG_RUNTIME_DIR=$work/run
FAKE_SWTEED_LOG=$work/log
# A sanitized program's run time does not like to be second.
ASAN_OPTIONS=verify_asan_link_order=0
export XDG_RUNTIME_DIR FAKE_SWTEED_LOG ASAN_OPTIONS
unset SWTEE_RUNTIME LD_PRELOAD FAKE_SWTEED
failed=0
n=0

ok() {
	n=$((n + 1))
	echo "ok $n - $1"
}

not_ok() {
	n=$((n + 1))
	failed=$((failed + 1))
	echo "not ok $n - $1"
}

check() {
	name=$1
	shift
	if "$@"; then ok "$name"; else not_ok "$name"; fi
}

# status NAME WANTED COMMAND...
status() {
	name=$1
	wanted=$2
	shift 2
	"$@" >"$work/out" 2>"$work/err" </dev/null
	got=$?
	if [ $got -eq "$wanted" ]; then
		ok "$name"
	else
		not_ok "$name: status $got, not $wanted"
		sed 's/^/# /' "$work/err"
	fi
}

says() {
	check "$1" grep -q -e "$2" "$work/err"
}

daemon_pid() {
	sed -n 's/^pid: //p' "$work/log"
}

# A process that is gone or only waits to be reaped by whoever inherits it
gone() {
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		state=$(sed 's/.*) //; s/ .*//' "/proc/$1/stat" 2>/dev/null)
		case "$state" in
		'' | Z | X) return 0 ;;
		esac
		sleep 0.1
	done
	return 1
}

nothing_left() {
	gone "$(daemon_pid)" || return 1
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		[ -z "$(ls -A "$work/run")" ] && return 0
		sleep 0.1
	done
	return 1
}

wait_for_file() {
	for _ in $(seq 100); do
		[ -s "$1" ] && return 0
		sleep 0.05
	done
	return 1
}

# --- the status of the command ---

status 'success' 0 "$swtee" run -- true
status 'without the dashes' 0 "$swtee" run true
status 'exit status' 7 "$swtee" run -- sh -c 'exit 7'
status 'death by a signal' 143 "$swtee" run -- sh -c 'kill -TERM $$'
status 'command not found' 127 "$swtee" run -- no-such-command-here
says 'command not found is said' 'no-such-command-here: command not found'
status 'not executable' 126 "$swtee" run -- "$work/log"
status 'options of the command are its own' 3 "$swtee" run sh -c 'exit 3'
check 'nothing is left' nothing_left

# --- what the command finds ---

status 'the devices' 0 "$swtee" run -- sh -c 'test -c /dev/tee0 && test -c /dev/teepriv0'
status 'the runtime directory is private' 0 "$swtee" run -- \
	sh -c 'test "$(stat -c %a "$SWTEE_RUNTIME")" = 700'
check 'input and output are passed' \
	test "$(echo hello | "$swtee" run -- cat)" = hello
check 'what is preloaded already stays' \
	test "$(LD_PRELOAD="$work/bin/libswtee-shim.so:" "$swtee" run -- \
		sh -c 'echo "$LD_PRELOAD"')" = "$work/bin/libswtee-shim.so:"
status 'a shell without a command' 5 env SHELL=/bin/sh sh -c "echo 'exit 5' | '$swtee' run"
check 'the signal mask of the command' \
	test "$("$swtee" run -- sed -n 's/^SigBlk:[^0-9a-f]*//p' /proc/self/status)" = \
	"$(sed -n 's/^SigBlk:[^0-9a-f]*//p' /proc/self/status)"

# --- what swteed is told ---

status 'options' 0 "$swtee" run --ta-dir "$work/ta2" --ta-dir "$work/bin/../ta1" \
	--state "$work/state" --config "$work/err" --log-level debug -- true
check 'TA directories in their order' test "$(grep -A1 'arg: --ta-dir' "$work/log" |
	grep -v -e --ta-dir -e '^--' | tr '\n' ' ')" = "arg: $work/ta2 arg: $work/ta1 "
check 'the state directory' grep -qx "arg: $work/state" "$work/log"
check 'the state directory is private' test "$(stat -c %a "$work/state")" = 700
check 'the configuration' grep -qx "arg: $work/err" "$work/log"
check 'the log level' grep -qx 'arg: debug' "$work/log"
check 'a session of its own' grep -qx 'session: own' "$work/log"
check 'not a client of another instance' grep -qx 'runtime: -' "$work/log"
check 'no descriptors but its own' grep -qx 'fds: 0 1 2 3 4' "$work/log"
mkdir "$work/bin/ta"
(exec 7<"$work/log" 9>&1 && "$swtee" run --ta-dir "$work/ta1" -- true)
check 'the TAs that come with swtee are last' test "$(sed -n 's/^arg: //p' "$work/log" |
	grep -A1 -e --ta-dir | grep -v -e '^--' | tail -n 1)" = "$work/bin/ta"
check 'nor descriptors of ours' grep -qx 'fds: 0 1 2 3 4' "$work/log"
rmdir "$work/bin/ta"

# --- refusals ---

status 'no command' 125 "$swtee"
status 'unknown command' 125 "$swtee" walk
says 'unknown command is named' "'walk'"
status 'unknown option' 125 "$swtee" run --fast -- true
says 'unknown option is named' "'--fast'"
status 'missing value' 125 "$swtee" run --state
says 'missing value is said' "'--state' needs a value"
status 'no such TA directory' 125 "$swtee" run --ta-dir "$work/none" -- true
says 'no such TA directory is named' "$work/none"
status 'TA directory that is a file' 125 "$swtee" run --ta-dir "$work/log" -- true
status 'bad log level' 125 "$swtee" run --log-level loud -- true
says 'bad log level is named' "'loud'"
status 'no such configuration' 125 "$swtee" run --config "$work/none" -- true
status 'help' 0 "$swtee" help
status 'version' 0 "$swtee" --version
check 'version is printed' grep -q '^swtee [0-9]' "$work/out"

# --- swteed does not do its part ---

status 'swteed fails' 125 env FAKE_SWTEED=fails "$swtee" run -- true
says 'its reason is seen' 'failing as told'
check 'nothing is left of a failure' nothing_left
status 'swteed dies' 4 env FAKE_SWTEED=dies "$swtee" run -- sh -c 'sleep 0.5; exit 4'
says 'its death is told' 'swteed was ended by signal 6'
check 'nothing is left of a death' nothing_left
status 'swteed is untidy' 0 env FAKE_SWTEED=untidy "$swtee" run -- true
check 'nothing is left of an untidy one' nothing_left
status 'swteed does not end' 0 env FAKE_SWTEED=stays "$swtee" run -- true
check 'nothing is left of one that was killed' nothing_left
mv "$work/bin/swteed" "$work/bin/gone"
status 'no swteed' 125 "$swtee" run -- true
says 'no swteed is said' 'cannot find swteed'
mv "$work/bin/gone" "$work/bin/swteed"

# --- signals ---

rm -f "$work/started"
"$swtee" run -- sh -c 'trap "exit 42" TERM; echo x >"$0"; while :; do sleep 0.05; done' \
	"$work/started" &
wait_for_file "$work/started"
kill -TERM $!
wait $!
check 'SIGTERM is passed on' test $? -eq 42
check 'nothing is left of it' nothing_left

rm -f "$work/started"
"$swtee" run -- sh -c 'echo $$ >"$0"; exec sleep 100' "$work/started" &
wait_for_file "$work/started"
kill -KILL $!
wait $! 2>/dev/null
check 'a killed swtee takes its command along' gone "$(cat "$work/started")"
check 'and leaves nothing' nothing_left

# --- places ---

mkdir "$work/a b:c"
cp "$work/bin"/* "$work/a b:c/"
status 'a path that LD_PRELOAD cannot carry' 0 "$work/a b:c/swtee" run -- test -c /dev/tee0
check 'nothing is left there' nothing_left
status 'no XDG_RUNTIME_DIR' 0 env XDG_RUNTIME_DIR="$work/none" "$swtee" run -- true
status 'another one inside' 0 "$swtee" run -- "$swtee" run -- test -c /dev/tee0

# --- ls ---

status 'ls' 0 "$swtee" run -- "$swtee" ls
check 'ls names the device' grep -qE '^tee0 +OP-TEE +- +trustzone +gp,reg-mem,0x100$' "$work/out"
check 'ls names the privileged one' grep -qE '^teepriv0 .*privileged$' "$work/out"
status 'ls --json' 0 "$swtee" run -- "$swtee" ls --json
check 'ls --json has both' grep -q '"name": *"teepriv0"' "$work/out"
if command -v python3 >/dev/null 2>&1; then
	check 'ls --json is JSON' python3 -c '
import json, sys
tee, priv = json.load(open(sys.argv[1]))
assert tee["name"] == "tee0" and tee["impl"] == "OP-TEE" and tee["gen_caps"] == 0x105
assert priv["privileged"] and not tee["privileged"]' "$work/out"
fi
status 'ls without an instance' 1 env SWTEE_RUNTIME="$work/none" "$swtee" ls
status 'ls with what it does not know' 125 "$swtee" ls --all

echo "1..$n"
[ $failed -eq 0 ]
