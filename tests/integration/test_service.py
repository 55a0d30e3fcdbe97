#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""swteed as a service: who may start, who gets in, how it ends."""

import fcntl
import os
import signal
import socket
import stat
import subprocess
import sys

from service import (BUILD, PATIENCE, SWTEE, SWTEED, CLIENT, eventually, equal, leave, listening,
                     main, stop)

ENXIO = 6
EACCES = 13
NOBODY = 65534
A_GROUP = 54321


def test_instance(place):
    """it serves, and leaves nothing behind"""
    swteed = place.swteed()
    equal(stat.S_IMODE(os.stat(place.runtime).st_mode), 0o700, "mode of the directory")
    client = place.client("session")
    equal(leave(client), 0, "client")
    equal(stop(swteed), 0, "exit status")
    equal(os.path.exists(place.runtime), False, "runtime directory is left")


def test_second(place):
    """a second swteed on the same directory refuses and does no harm"""
    first = place.swteed()
    second = place.swteed(ready=False)
    equal(second.wait(PATIENCE), 1, "second swteed")
    equal(f"process {first.pid}" in place.log(), True, "the first one is named")
    client = place.client("session")
    equal(leave(client), 0, "client of the first")
    equal(stop(first), 0, "first swteed")


def test_take_over(place):
    """what a killed instance left is taken over"""
    stop(place.swteed(), signal.SIGKILL)
    equal(os.path.exists(place.runtime + "/tee0"), True, "it left its node")
    equal(place.client_status("open", "/dev/tee0"), ENXIO, "open without swteed")
    swteed = place.swteed()
    client = place.client("session")
    equal(leave(client), 0, "client")
    equal(stop(swteed), 0, "swteed")
    # Whoever made it has it back; it was not this one.
    equal(os.listdir(place.runtime), [], "left in the directory")


def test_state(place):
    """state in the runtime directory is kept, and found again"""
    for _ in range(2):
        swteed = place.swteed("--state", place.runtime + "/state")
        equal(leave(place.client("session")), 0, "client")
        equal(stop(swteed), 0, "swteed")
        equal(os.listdir(place.runtime), ["state"], "left in the directory")


def test_two(place):
    """two instances side by side do not see each other"""
    other = place.base + "/other"
    place.swteed()
    second = place.swteed(runtime=other)
    client = place.client("hold")
    equal(len(place.clients()), 1, "contexts of the first")
    equal([row for row in place.rows("contexts", runtime=other) if row["kind"] == "client"], [],
          "contexts of the second")
    equal(stop(second), 0, "second swteed")
    equal(place.client_status("open", "/dev/tee0"), 0, "the first goes on")
    equal(leave(client), 0, "client")


def test_names(place):
    """names of instances lead to directories, and nonsense does not"""
    done = subprocess.run([SWTEE, "--instance", "no-such-one", "ls"], capture_output=True,
                          text=True, check=False)
    equal((done.returncode, "/run/swtee-no-such-one" in done.stderr), (1, True), "ls")
    for name in ("", "../x", "a/b", ".", "-x", "x" * 33):
        equal(subprocess.run([SWTEED, "--instance", name], capture_output=True,
                             check=False).returncode, 1, f"swteed --instance '{name}'")
        equal(subprocess.run([SWTEE, "--instance", name, "ls"], capture_output=True,
                             check=False).returncode, 125, f"swtee --instance '{name}'")
    equal(place.swtee("run", "--attach", "--state", "/tmp", "--", "true").returncode, 125,
          "an option that --attach has no use for")
    equal(place.swtee("run", "--attach", "--", "true").returncode, 125, "no instance there")


def test_attach_status(place):
    """run --attach passes the status of its command, and its place"""
    place.swteed()
    equal(place.swtee("run", "--attach", "--", "sh", "-c", "exit 7").returncode, 7, "status")
    equal(place.swtee("run", "--attach", "--", "no-such-command").returncode, 127, "not found")
    equal(place.swtee("run", "--attach", "--", place.base).returncode, 126, "not executable")


# --- activation ---

PASS = """
import os, sys
args = sys.argv[1:]
os.environ["LISTEN_PID"] = str(os.getpid())
os.execv(args[0], args)
"""


def activated(place, sockets, names=None, ready=True):
    """swteed with the sockets as a service manager passes them; they become 3, 4, ..."""
    env = dict(os.environ, LISTEN_FDS=str(len(sockets)))
    if names is not None:
        env["LISTEN_FDNAMES"] = ":".join(names)
    saved = [os.dup(sock.fileno()) for sock in sockets]
    receive, send = os.pipe()
    numbers = list(range(3, 3 + len(sockets)))

    def arrange():
        moved = [fcntl.fcntl(fd, fcntl.F_DUPFD, 64) for fd in saved]
        ready_fd = fcntl.fcntl(send, fcntl.F_DUPFD, 64)
        for number, fd in zip(numbers, moved):
            os.dup2(fd, number)
        os.dup2(ready_fd, 20)

    with open(place.base + "/log", "a", encoding="utf-8") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", PASS, SWTEED, "--runtime", place.runtime, "--ta-dir",
             BUILD + "/ta", "--state", place.base + "/state", "--ready-fd", "20"], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            env=env, close_fds=False, preexec_fn=arrange)
    for fd in (*saved, send):
        os.close(fd)
    place.running.append(process)
    byte = os.read(receive, 1) if ready else b""
    os.close(receive)
    if ready:
        equal(byte, b"\0", "swteed with passed sockets\n" + place.log())
    return process


def test_activation(place):
    """a client that connected before the start is served; the socket outlives swteed"""
    os.mkdir(place.runtime)
    with listening(place.runtime + "/tee0") as tee0:
        early = place.client("session", up=False)
        # It sleeps in open(2) now, or will: nobody accepts.
        swteed = activated(place, [tee0], ["tee0"])
        equal(early.stdout.readline(), "up\n", "early client")
        equal(leave(early), 0, "early client")
        equal(place.client_status("open", "/dev/teepriv0"), 0, "a node that was not passed")
        equal(stop(swteed), 0, "swteed")
        equal(sorted(os.listdir(place.runtime)), ["tee0"], "only the passed socket is left")

        # The next one serves who came in between.
        between = place.client("session", up=False)
        swteed = activated(place, [tee0], [])
        equal(between.stdout.readline(), "up\n", "client from in between")
        equal(leave(between), 0, "client from in between")
        equal(stop(swteed), 0, "swteed")


def test_activation_wrong(place):
    """sockets that are no nodes are refused, with a reason"""
    os.mkdir(place.runtime)
    os.mkdir(place.base + "/elsewhere")
    with listening(place.base + "/elsewhere/tee0") as elsewhere:
        equal(activated(place, [elsewhere], ["tee0"], ready=False).wait(PATIENCE), 1, "directory")
    with listening(place.runtime + "/tee0") as tee0:
        equal(activated(place, [tee0], ["teepriv0"], ready=False).wait(PATIENCE), 1, "name")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as stream:
        stream.bind(place.runtime + "/tee1")
        stream.listen(1)
        equal(activated(place, [stream], ["tee1"], ready=False).wait(PATIENCE), 1, "type")
    equal(sorted(os.listdir(place.runtime)), ["tee0", "tee1"], "left in the directory")
    log = place.log()
    for words in ("not in the runtime directory", "is bound to", "sequential packets"):
        equal(words in log, True, f"the log says '{words}'")


def test_activation_of_others(place):
    """LISTEN_FDS of another process is not ours"""
    env = dict(os.environ, LISTEN_PID="1", LISTEN_FDS="3")
    equal(stop(place.swteed(env=env)), 0, "swteed")


def test_notify(place):
    """the service manager hears of start, reload and end"""
    path = place.base + "/notify"
    config = place.config("[swteed]\nlog_level = info\n")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(path)
        manager.settimeout(PATIENCE)
        swteed = place.swteed("--config", config, env=dict(os.environ, NOTIFY_SOCKET=path))
        equal(manager.recv(512).startswith(b"READY=1\n"), True, "ready")
        swteed.send_signal(signal.SIGHUP)
        equal(manager.recv(512).startswith(b"RELOADING=1\nMONOTONIC_USEC="), True, "reloading")
        equal(manager.recv(512), b"READY=1", "ready again")
        swteed.send_signal(signal.SIGTERM)
        equal(manager.recv(512).startswith(b"STOPPING=1"), True, "stopping")
        equal(swteed.wait(PATIENCE), 0, "swteed")


# --- permissions ---

def test_modes(place):
    """nodes get group and mode of the configuration; connect(2) is the check"""
    if os.geteuid():
        return "needs root"
    config = place.config(f"[devices]\ngroup = {A_GROUP}\nmode = 0660\npriv_mode = 0600\n")
    place.swteed("--config", config)
    tee0 = os.stat(place.runtime + "/tee0")
    equal((stat.S_IMODE(tee0.st_mode), tee0.st_gid), (0o660, A_GROUP), "tee0")
    equal(stat.S_IMODE(os.stat(place.runtime + "/teepriv0").st_mode), 0o600, "teepriv0")
    equal(stat.S_IMODE(os.stat(place.runtime + "/control").st_mode), 0o600, "control")
    equal(stat.S_IMODE(os.stat(place.runtime).st_mode), 0o755, "directory")

    stranger = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
    member = {"user": NOBODY, "group": NOBODY, "extra_groups": [A_GROUP]}
    if not os.access(SWTEE, os.X_OK) or subprocess.run(
            [SWTEE, "help"], **stranger, stdout=subprocess.DEVNULL, check=False).returncode:
        return "another user cannot reach the build directory"
    equal(place.client_status("open", "/dev/tee0", **stranger), EACCES, "stranger, tee0")
    equal(place.client_status("open", "/dev/tee0", **member), 0, "member, tee0")
    equal(place.client_status("open", "/dev/teepriv0", **member), EACCES, "member, teepriv0")
    equal(place.swtee("contexts", **member).returncode, 1, "member, contexts")
    client = place.client("session", **member)
    equal([row["uid"] for row in place.clients()], [NOBODY], "uid of the context")
    equal(leave(client), 0, "a session of a member")


def test_no_group(place):
    """a group that there is not is an error that names it"""
    config = place.config("[devices]\ngroup = no-such-group\n")
    equal(place.swteed("--config", config, ready=False).wait(PATIENCE), 1, "swteed")
    equal("no-such-group" in place.log(), True, "named")
    equal(os.path.exists(place.runtime), False, "runtime directory")


def test_other_user(place):
    """with CAP_SYS_PTRACE it serves clients of other users; the worlds do not inherit that"""
    if os.geteuid():
        return "needs root"
    os.mkdir(place.runtime)
    os.chown(place.runtime, NOBODY, NOBODY)
    os.chmod(place.runtime, 0o755)
    os.mkdir(place.base + "/state")
    os.chown(place.base + "/state", NOBODY, NOBODY)
    config = place.config("[devices]\nmode = 0666\n")
    setpriv = ["setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups",
               "--inh-caps", "-all,+sys_ptrace", "--ambient-caps", "-all,+sys_ptrace",
               "--bounding-set", "-all,+sys_ptrace", "--no-new-privs"]
    probe = subprocess.run([*setpriv, SWTEED, "--version"], capture_output=True, check=False)
    if probe.returncode:
        return "cannot drop to another user here"
    receive, send = os.pipe()
    with open(place.base + "/log", "a", encoding="utf-8") as log:
        swteed = subprocess.Popen(
            [*setpriv, SWTEED, "--runtime", place.runtime, "--ta-dir", BUILD + "/ta",
             "--state", place.base + "/state", "--config", config, "--ready-fd", str(send)],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=(send,))
    os.close(send)
    place.running.append(swteed)
    equal(os.read(receive, 1), b"\0", "ready\n" + place.log())
    os.close(receive)
    # To register memory swteed has to read from it.
    client = place.client("register")
    equal(leave(client), 0, "client of root")
    for pid in children(swteed.pid):
        with open(f"/proc/{pid}/status", encoding="utf-8") as status:
            caps = dict(line.split(":", 1) for line in status)
        equal(int(caps["CapPrm"], 16), 0, f"capabilities of {caps['Name'].strip()}")
    equal(stop(swteed), 0, "swteed")


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="utf-8") as file:
        found = [int(word) for word in file.read().split()]
    equal(bool(found), True, "swteed has children")
    return found


# --- the end ---

def refused(place):
    return place.client_status("open", "/dev/tee0") == ENXIO


def test_stop_waits(place):
    """SIGTERM waits for clients, refuses new ones, and ends cleanly"""
    config = place.config("[swteed]\nstop_timeout_ms = infinity\n")
    swteed = place.swteed("--config", config)
    client = place.client("session")
    swteed.send_signal(signal.SIGTERM)
    eventually("new opens are refused", lambda: refused(place))
    equal(swteed.poll(), None, "swteed waits")
    equal(len(place.rows("sessions")), 1, "status is answered while it waits")
    equal(leave(client), 0, "the client is left in peace")
    equal(swteed.wait(PATIENCE), 0, "exit status")
    equal(os.path.exists(place.runtime), False, "runtime directory is left")


def test_stop_times_out(place):
    """SIGTERM cuts off who stays; the exit status tells"""
    config = place.config("[swteed]\nstop_timeout_ms = 50\n")
    swteed = place.swteed("--config", config)
    client = place.client("session")
    equal(stop(swteed), 2, "exit status")
    leave(client)
    equal(os.path.exists(place.runtime), False, "runtime directory is left")


def cut_off_call(place, mode, *signals, config=""):
    config = place.config(f"[swteed]\n{config}\n")
    swteed = place.swteed("--config", config)
    client = place.client(mode, "3600000")
    eventually("the call is under way", lambda: [row for row in place.clients() if row["calls"]])
    equal(stop(swteed, *signals), 2, "exit status")
    client.wait(PATIENCE)
    equal(os.path.exists(place.runtime), False, "runtime directory is left")


def test_second_sigterm(place):
    """a second SIGTERM ends a call that blocks"""
    config = place.config("[swteed]\nstop_timeout_ms = infinity\n")
    swteed = place.swteed("--config", config)
    client = place.client("wait", "3600000")
    eventually("the call is under way", lambda: [row for row in place.clients() if row["calls"]])
    swteed.send_signal(signal.SIGTERM)
    eventually("new opens are refused", lambda: refused(place))
    equal(swteed.poll(), None, "swteed waits")
    equal(stop(swteed), 2, "exit status")
    client.wait(PATIENCE)
    equal(os.path.exists(place.runtime), False, "runtime directory is left")


def test_sigint(place):
    """SIGINT ends a TA that computes, at once"""
    cut_off_call(place, "busy", signal.SIGINT, config="stop_timeout_ms = infinity")


def test_stop_zero(place):
    """stop_timeout_ms = 0 ends calls at once"""
    cut_off_call(place, "busy", config="stop_timeout_ms = 0")


def test_default_stop(place):
    """without configuration a call that blocks is given up in the end"""
    cut_off_call(place, "wait")


# --- configuration ---

def test_reload(place):
    """SIGHUP takes over the log level and nothing else; a wrong file changes nothing"""
    config = place.config("[swteed]\nlog_level = warn\n")
    runtime = place.runtime
    with open(place.base + "/log", "a", encoding="utf-8") as log:
        receive, send = os.pipe()
        swteed = subprocess.Popen([SWTEED, "--runtime", runtime, "--config", config,
                                   "--ready-fd", str(send)], stdin=subprocess.DEVNULL,
                                  stdout=log, stderr=log, pass_fds=(send,))
        os.close(send)
    place.running.append(swteed)
    equal(os.read(receive, 1), b"\0", "ready")
    os.close(receive)
    place.config("[swteed]\nlog_level = info\n")
    swteed.send_signal(signal.SIGHUP)
    eventually("it speaks of the reload", lambda: "took over the log level" in place.log())
    place.config("[swteed]\nlog_level = loud\n")
    swteed.send_signal(signal.SIGHUP)
    eventually("it says what is wrong", lambda: "cannot read log_level" in place.log())
    equal(place.client_status("open", "/dev/tee0"), 0, "it goes on")
    equal(stop(swteed), 0, "swteed")


def test_bad_values(place):
    """values that mean nothing are refused"""
    for text in ("[swteed]\nstop_timeout_ms = -1\n", "[swteed]\nstop_timeout_ms = soon\n",
                 "[devices]\nmode = 0999\n", "[devices]\nmode = rw\n", "[devices]\nowner = x\n",
                 "[devices]\nmode = 01777\n", "[optee]\nbuiltin_supplicant = maybe\n"):
        equal(place.swteed("--config", place.config(text), ready=False).wait(PATIENCE), 1, text)


def test_no_supplicant(place):
    """builtin_supplicant = no: a request waits for a supplicant to come"""
    place.swteed("--config", place.config("[optee]\nbuiltin_supplicant = no\n"))
    client = place.client("open_session")
    eventually("it waits", lambda: [row for row in place.clients() if row["calls"]])
    equal(client.poll(), None, "it still waits")
    # One that comes and goes again fails what waits.
    equal(place.client_status("open", "/dev/teepriv0"), 0, "supplicant")
    equal(client.stdout.readline(), "ffff000e\n", "TEEC_ERROR_COMMUNICATION")


if __name__ == "__main__":
    assert CLIENT
    sys.exit(main([value for name, value in list(globals().items())
                   if name.startswith("test_")]))
