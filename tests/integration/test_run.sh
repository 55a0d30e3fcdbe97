#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# usage: test_run.sh SWTEE HELLO_WORLD
#
# `swtee run` from outside: exit status, arguments, environment, terminal, signals,
# and that nothing is left behind however it ends.
set -u
swtee=$(realpath "$1")
hello=$(realpath "$2")
failed=0

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# The private directories of this test's instances are made here.
XDG_RUNTIME_DIR=$work/run
export XDG_RUNTIME_DIR
mkdir -m 700 "$XDG_RUNTIME_DIR"

ok() { echo "ok: $1"; }
not_ok() {
	echo "FAILED: $1"
	failed=1
}
check() { # NAME GOT WANTED
	if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1: '$2' instead of '$3'"; fi
}
status() { # NAME WANTED COMMAND...
	name=$1 want=$2
	shift 2
	"$@" >"$work/out" 2>&1
	check "$name" $? "$want"
}

# Waits until no instance of this test is left: no directory, no process.
nothing_left() {
	i=0
	while [ $i -lt 500 ]; do
		if [ -z "$(ls -A "$XDG_RUNTIME_DIR")" ] && ! pgrep -f "$XDG_RUNTIME_DIR" >"$work/pids"; then
			ok "$1: nothing left"
			return
		fi
		sleep 0.02
		i=$((i + 1))
	done
	not_ok "$1: left behind: $(ls -A "$XDG_RUNTIME_DIR") $(tr '\n' ' ' <"$work/pids")"
	pgrep -a -f "$XDG_RUNTIME_DIR"
}

status "exit status 0" 0 "$swtee" run -- true
status "exit status 7" 7 "$swtee" run -- sh -c 'exit 7'
status "not found" 127 "$swtee" run -- "$work/there-is-no-such-program"
status "not executable" 126 "$swtee" run -- "$XDG_RUNTIME_DIR"
status "killed by a signal" 137 "$swtee" run -- sh -c 'kill -9 $$'
status "unknown option" 125 "$swtee" run --no-such-option -- true
status "missing TA directory" 125 "$swtee" run --ta-dir "$work/missing" -- true
status "bad log level" 125 "$swtee" run --log-level loud -- true
nothing_left "short runs"

check "arguments" "$("$swtee" run -- printf '[%s]' 'a b' '' '*' '--x')" '[a b][][*][--x]'
check "without --" "$("$swtee" run printf '%s' -v)" '-v'
check "environment" "$(SOME_THING='x y' "$swtee" run -- sh -c 'echo "$SOME_THING"')" 'x y'
check "standard input" "$(echo through | "$swtee" run -- cat)" 'through'
check "working directory" "$(cd "$work" && "$swtee" run -- pwd -P)" "$(cd "$work" && pwd -P)"
check "devices" "$("$swtee" run -- sh -c 'ls /dev/tee0 >/dev/null 2>&1; test -c /dev/tee0 && echo yes')" 'yes'

status "a client" 0 "$swtee" run -- "$hello"
status "a client in a child of a child" 0 "$swtee" run -- sh -c "sh -c '$hello; exit \$?'"
status "inside itself" 0 "$swtee" run -- "$swtee" run -- "$hello"
status "ls" 0 "$swtee" run -- "$swtee" ls
grep -q tee0 "$work/out" && grep -q OP-TEE "$work/out" && ok "ls shows tee0" || not_ok "ls shows tee0"
nothing_left "clients"

# The redirection of a background command takes place in the background: what an
# earlier one said must not be there to be found.
forget() { rm -f "$work/out"; }
said_up() { grep -q up "$work/out" 2>/dev/null; }

# Signals that swtee gets reach the command.
forget
"$swtee" run -- sh -c 'trap "exit 42" TERM; echo up; while :; do sleep 0.05; done' >"$work/out" &
pid=$!
while ! said_up; do sleep 0.02; done
kill -TERM $pid
wait $pid
check "SIGTERM reaches the command" $? 42
nothing_left "SIGTERM"

# kill -9 of swtee: the instance goes, and so does the command.
forget
"$swtee" run -- sh -c 'echo up; exec sleep 1000' >"$work/out" &
pid=$!
while ! said_up; do sleep 0.02; done
kill -9 $pid
wait $pid 2>/dev/null
nothing_left "kill -9 of swtee"

# kill -9 of swteed: the command goes on without its devices.
forget
"$swtee" run -- sh -c 'echo up; while pgrep -f "swteed --runtime $SWTEE_RUNTIME" >/dev/null; do sleep 0.02; done; exit 9' \
	>"$work/out" 2>&1 &
pid=$!
while ! said_up; do sleep 0.02; done
pkill -9 -f "swteed --runtime $XDG_RUNTIME_DIR"
wait $pid
check "kill -9 of swteed" $? 9
nothing_left "kill -9 of swteed"

# A process that outlives the command does not keep the instance.
"$swtee" run -- sh -c "exec 3</dev/tee0; sleep 1000 & echo \$! >$work/child"
nothing_left "a child that stays"
kill "$(cat "$work/child")" 2>/dev/null

# ... and goes on: the filter that it has inherited lets its calls through.
"$swtee" run -- sh -c "(while test -e $work/wait; do sleep 0.02; done; cat $swtee >$work/copy;
	echo done >$work/done) >$work/log 2>&1 </dev/null & touch $work/wait"
nothing_left "a child that goes on"
rm -f "$work/wait"
i=0
while [ ! -e "$work/done" ] && [ $i -lt 500 ]; do sleep 0.02; i=$((i + 1)); done
cmp -s "$swtee" "$work/copy" && ok "a child goes on" || not_ok "a child goes on: $(cat "$work/log")"

# The doors: each alone, both, none; an instance within an instance.
status "no trap" 0 "$swtee" run --no-trap -- "$hello"
status "no shim" 0 "$swtee" run --no-shim -- "$hello"
"$swtee" run --no-shim --no-trap -- "$hello" >"$work/out" 2>&1
test $? -ne 0 && ok "no door" || not_ok "no door: a device was found"
status "nested" 0 "$swtee" run -- "$swtee" run --log-level info -- "$hello"
grep -q 'no trap for system calls' "$work/out" && ok "nested: says why" ||
	not_ok "nested: says why: $(cat "$work/out")"
nothing_left "doors"

# State stays where it is told to.
status "state" 0 "$swtee" run --state "$work/state" -- "$hello"
test -d "$work/state" && ok "state directory kept" || not_ok "state directory kept"
nothing_left "state"

exit $failed
