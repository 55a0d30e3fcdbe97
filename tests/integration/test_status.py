#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""swtee contexts, shm, sessions: against states that are known; the control socket."""

import json
import os
import resource
import signal
import socket
import struct
import subprocess
import sys

from service import PATIENCE, eventually, equal, leave, main, stop

CRASH = "af84e85d-c7da-49cc-8ea4-55e354c890a0"
SIZE = 12288
GET_CONTEXTS, GET_SHM, GET_SESSIONS = 1, 2, 3
EPROTO, EBUSY = 71, 16


def holders(row):
    return {entry["holder"]: entry["count"] for entry in row["holders"]}


def user_shm(place):
    return [row for row in place.rows("shm") if row["kind"] != "kernel"]


def test_contexts(place):
    """a context has a device, processes, a user, an age"""
    place.swteed()
    equal([(row["device"], row["kind"]) for row in place.rows("contexts")],
          [("tee0", "device"), ("tee1", "device")],
          "nobody is there")
    first = place.client("hold")
    second = place.client("session")
    rows = place.clients()
    equal(len(rows), 2, "contexts")
    equal([[process["pid"] for process in row["processes"]] for row in rows],
          [[first.pid], [second.pid]], "processes")
    equal(rows[0]["processes"][0]["command"], "service_client", "command")
    equal([row["uid"] for row in rows], [os.geteuid()] * 2, "users")
    equal([(row["sessions"], row["calls"], row["ended"]) for row in rows],
          [(0, 0, False), (1, 0, False)], "sessions, calls, ended")
    equal(rows[0]["age_ms"] >= rows[1]["age_ms"] >= 0, True, "ages")
    equal(rows[0]["context"] < rows[1]["context"], True, "numbers")
    leave(first)
    leave(second)
    eventually("they are gone", lambda: not place.clients())


def test_supplicant_context(place):
    """the supplicant's context is on the privileged device"""
    place.swteed()
    client = place.client("hold", "/dev/teepriv0")
    equal([row["processes"][0]["pid"] for row in place.clients("teepriv0")], [client.pid],
          "supplicant")
    leave(client)


def test_call(place):
    """a call under way is seen, also when nobody is left who made it"""
    place.swteed()
    client = place.client("wait", "3600000")
    eventually("the call is under way", lambda: [row for row in place.clients() if row["calls"]])
    equal([row["calls"] for row in place.clients()], [1], "calls")
    # The TA waits on, as it would on hardware: nothing interrupts it.
    client.kill()
    client.wait()
    eventually("nobody holds it",
               lambda: [(row["calls"], row["processes"], row["ended"])
                        for row in place.clients()] == [(1, [], True)])
    equal([row["state"] for row in place.rows("sessions")], ["closing"], "session")


def test_sessions(place):
    """a session has a TA, a context and a state"""
    swteed = place.swteed()
    client = place.client("session")
    row, = place.rows("sessions")
    equal((row["device"], row["uuid"], row["system"], row["state"]),
          ("tee0", CRASH, False, "open"), "session")
    equal(row["context"], place.clients()[0]["context"], "context")
    # The world dies: what is left of the session waits to be closed.
    with open(f"/proc/{swteed.pid}/task/{swteed.pid}/children", encoding="utf-8") as file:
        os.kill(int(file.read().split()[0]), signal.SIGKILL)
    eventually("the session is dead",
               lambda: [row["state"] for row in place.rows("sessions")] == ["dead"])
    leave(client)
    eventually("it is gone", lambda: not place.rows("sessions"))


def test_shm_alloc(place):
    """core 2.3: allocated memory is held by its descriptor"""
    place.swteed()
    client = place.client("shm")
    row, = user_shm(place)
    equal((row["kind"], row["size"], row["id"], row["orphan"], row["registered"]),
          ("alloc", SIZE, 1, False, True), "shm")
    equal((row["references"], holders(row)), (1, {"file": 1}), "holders")
    context, = place.clients()
    equal((row["context"], context["shm"]), (context["context"], 1), "its context")
    leave(client)
    eventually("it is gone", lambda: not user_shm(place))


def test_shm_register(place):
    """core 2.3: registered memory likewise"""
    place.swteed()
    client = place.client("register")
    row, = user_shm(place)
    equal((row["kind"], row["size"], holders(row)), ("register", SIZE, {"file": 1}), "shm")
    leave(client)
    eventually("it is gone", lambda: not user_shm(place))


def test_shm_mapped(place):
    """core 2.3: a mapping alone holds it, and its id stays"""
    place.swteed()
    client = place.client("map")
    row, = user_shm(place)
    equal((row["id"], row["orphan"], holders(row)), (1, False, {"file": 1}), "shm")
    leave(client)
    eventually("it is gone", lambda: not user_shm(place))


def test_orphan(place):
    """core Q9: memory that outlives its context is an orphan of the device context"""
    place.swteed()
    client = place.client("orphan")
    eventually("the context is gone", lambda: not place.clients())
    row, = user_shm(place)
    equal((row["id"], row["orphan"], row["kind"], holders(row)),
          (None, True, "alloc", {"file": 1}), "shm")
    device, = (row for row in place.rows("contexts") if row["device"] == "tee0")
    equal((device["kind"], device["context"], device["shm"]), ("device", row["context"], 1),
          "device context")
    equal(" orphan " in place.swtee("shm").stdout, True, "the table says so")
    leave(client)
    eventually("it is gone", lambda: not user_shm(place))


def test_shm_in_call(place):
    """core 2.3: a call under way holds the memory that it was given"""
    place.swteed("--config", place.config("[optee]\nbuiltin_supplicant = no\n"))
    client = place.client("open_session")
    eventually("the call is under way", lambda: [row for row in user_shm(place)
                                                 if "call" in holders(row)])
    row, = user_shm(place)
    equal((row["references"], holders(row)), (2, {"file": 1, "call": 1}), "holders")
    client.kill()
    eventually("it is gone", lambda: not user_shm(place))


def test_tables(place):
    """tables have the lines of the lists, with columns that line up"""
    place.swteed()
    session, shm = place.client("session"), place.client("shm")
    for view in ("contexts", "shm", "sessions"):
        done = place.swtee(view)
        equal(done.returncode, 0, view)
        lines = done.stdout.splitlines()
        equal(len(lines), 1 + len(place.rows(view)), f"lines of {view}")
        column = lines[0].index("CONTEXT") + len("CONTEXT")
        equal([line[column] for line in lines], [" "] * len(lines), f"a column of {view}")
    equal(CRASH in place.swtee("sessions").stdout, True, "the TA")
    leave(session)
    leave(shm)


def test_many(place):
    """many contexts: the answer takes several messages"""
    place.swteed()
    script = "for i in $(seq 10 209); do eval \"exec $i</dev/tee0\"; done; echo up; read x"
    env = dict(os.environ, SWTEE_RUNTIME=place.runtime)
    holder = subprocess.Popen(
        [os.path.join(os.environ["TEST_BUILD"], "swtee"), "run", "--attach", "--", "bash", "-c",
         script], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    place.running.append(holder)
    equal(holder.stdout.readline(), "up\n", "holder")
    equal(len(place.clients()), 200, "contexts")
    leave(holder)
    eventually("they are gone", lambda: not place.clients())


# --- the socket ---

def connect(place):
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    sock.connect(place.runtime + "/control")
    sock.settimeout(PATIENCE)
    return sock


def answer(sock):
    """The error, or the list."""
    version, error, size = struct.unpack("IiQ", sock.recv(16))
    equal(version, 1, "version")
    if error:
        equal(sock.recv(16), b"", "hang-up after an error")
        return -error
    text = b""
    while len(text) < size:
        chunk = sock.recv(1 << 20)
        equal(0 < len(chunk) <= 16384, True, "length of a message")
        text += chunk
    equal(sock.recv(16), b"", "hang-up after the answer")
    return json.loads(text)


def serves(place):
    with connect(place) as sock:
        sock.send(struct.pack("II", 1, GET_CONTEXTS))
        equal(len(answer(sock)) >= 1, True, "contexts")


def descriptors(process):
    return len(os.listdir(f"/proc/{process.pid}/fd"))


def test_garbage(place):
    """what is no request is refused, and nothing is left of it"""
    swteed = place.swteed()
    serves(place)
    before = descriptors(swteed)
    for bad in (b"x", b"\0" * 8, struct.pack("II", 2, GET_SHM), struct.pack("II", 1, 0),
                struct.pack("II", 1, 4), struct.pack("II", 1, 0xffffffff),
                struct.pack("III", 1, 1, 1), os.urandom(100), b"z" * 70000):
        with connect(place) as sock:
            sock.send(bad)
            equal(answer(sock), EPROTO, f"{bad[:12]!r}")
    with connect(place) as sock:
        # With a descriptor that nobody asked for
        with open(os.devnull, "rb") as null:
            socket.send_fds(sock, [struct.pack("II", 1, GET_SHM)], [null.fileno()])
        equal(answer(sock), EPROTO, "a descriptor")
    connect(place).close()
    with connect(place) as sock:
        sock.send(struct.pack("II", 1, GET_SHM))
        # Gone before the answer
    serves(place)
    eventually("descriptors are given back", lambda: descriptors(swteed) <= before)


def test_slow_reader(place):
    """a peer that does not read keeps nobody else waiting"""
    swteed = place.swteed()
    serves(place)
    before = descriptors(swteed)
    slow = []
    for _ in range(20):
        sock = connect(place)
        sock.send(struct.pack("II", 1, GET_CONTEXTS))
        slow.append(sock)
    for _ in range(20):
        serves(place)
    client = place.client("session")
    equal(leave(client), 0, "client")
    for sock in slow:
        equal(isinstance(answer(sock), list), True, "answer in the end")
        sock.close()
    eventually("descriptors are given back", lambda: descriptors(swteed) <= before)


def test_thousand(place):
    """a thousand connections: the oldest make room"""
    swteed = place.swteed()
    serves(place)
    before = descriptors(swteed)
    socks = []
    for _ in range(1000):
        socks.append(connect(place))
    serves(place)
    equal(descriptors(swteed) < before + 100, True, "descriptors are bounded")
    equal(answer(socks[0]), EBUSY, "the first one")
    for sock in socks:
        sock.close()
    serves(place)
    eventually("descriptors are given back", lambda: descriptors(swteed) <= before)
    equal(stop(swteed), 0, "swteed")


def test_no_descriptors(place):
    """without descriptors for all the oldest make room"""
    def limit():
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))

    swteed = place.swteed(preexec_fn=limit)
    before = descriptors(swteed)
    equal(before < 64, True, "descriptors without clients")
    # So many devices are open that not all of its connections find room.
    holders = [place.client("hold") for _ in range((64 - before) // 2)]
    socks = [connect(place) for _ in range(100)]
    serves(place)
    for sock in socks:
        sock.close()
    for holder in holders:
        equal(leave(holder), 0, "holder")
    serves(place)
    equal(stop(swteed), 0, "swteed")


def test_end_while_asked(place):
    """swteed ends while somebody does not read"""
    swteed = place.swteed()
    with connect(place) as idle, connect(place) as asking:
        asking.send(struct.pack("II", 1, GET_CONTEXTS))
        equal(stop(swteed), 0, "swteed")
        del idle
    equal(os.path.exists(place.runtime), False, "runtime directory is left")


if __name__ == "__main__":
    sys.exit(main([value for name, value in list(globals().items())
                   if name.startswith("test_")]))
