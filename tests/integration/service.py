# SPDX-License-Identifier: BSD-2-Clause
"""What the tests of swteed as a service share: daemons, clients, waiting."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback

BUILD = os.environ["TEST_BUILD"]
SWTEED = os.path.join(BUILD, "swteed")
SWTEE = os.path.join(BUILD, "swtee")
CLIENT = os.environ["TEST_CLIENT"]
TA_DIR = os.path.join(BUILD, "ta")

# Generous: machines are shared. Nothing is asserted about time.
PATIENCE = 60
SKIP = 77


def eventually(what, condition):
    """Wait until condition() is true, and return what it returned."""
    until = time.monotonic() + PATIENCE
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > until:
            raise AssertionError(f"never happened: {what}")
        time.sleep(0.02)


def equal(got, wanted, what=""):
    if got != wanted:
        raise AssertionError(f"{what}: {got!r} is not {wanted!r}")


class Place:
    """A directory for one test, with a runtime directory that is not there yet."""

    def __enter__(self):
        self.base = tempfile.mkdtemp(prefix="swtee-service-", dir="/tmp")
        os.chmod(self.base, 0o755)
        self.runtime = os.path.join(self.base, "run")
        self.running = []
        return self

    def __exit__(self, *exc):
        for process in reversed(self.running):
            if process.poll() is None:
                process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe:
                    pipe.close()
        shutil.rmtree(self.base, ignore_errors=True)

    def config(self, text):
        path = os.path.join(self.base, "swteed.conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def log(self):
        with open(os.path.join(self.base, "log"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def swteed(self, *args, runtime=None, env=None, ready=True, **kwargs):
        """Start swteed; with ready, when its devices are there."""
        runtime = runtime or self.runtime
        receive, send = os.pipe()
        with open(os.path.join(self.base, "log"), "a", encoding="utf-8") as log:
            process = subprocess.Popen(
                [SWTEED, "--runtime", runtime, "--ta-dir", TA_DIR, "--ready-fd", str(send),
                 "--state", runtime + ".state", "--log-level", "info", *args],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env,
                pass_fds=(send, *kwargs.pop("pass_fds", ())), **kwargs)
        os.close(send)
        self.running.append(process)
        byte = os.read(receive, 1) if ready else b""
        os.close(receive)
        if ready and byte != b"\0":
            raise AssertionError("swteed did not start:\n" + self.log())
        return process

    def client(self, *args, runtime=None, up=True, **kwargs):
        env = dict(os.environ, SWTEE_RUNTIME=runtime or self.runtime)
        process = subprocess.Popen([SWTEE, "run", "--attach", "--", CLIENT, *args], env=env,
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                   **kwargs)
        self.running.append(process)
        if up:
            equal(process.stdout.readline(), "up\n", f"client {args}")
        return process

    def client_status(self, *args, **kwargs):
        process = self.client(*args, up=False, **kwargs)
        process.stdin.close()
        return process.wait(PATIENCE)

    def swtee(self, *args, runtime=None, **kwargs):
        env = dict(os.environ, SWTEE_RUNTIME=runtime or self.runtime)
        return subprocess.run([SWTEE, *args], env=env, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=PATIENCE, check=False,
                              **kwargs)

    def rows(self, view, runtime=None):
        done = self.swtee(view, "--json", runtime=runtime)
        equal(done.returncode, 0, f"swtee {view}: {done.stderr}")
        return json.loads(done.stdout)

    def clients(self, device="tee0"):
        return [row for row in self.rows("contexts")
                if row["kind"] == "client" and row["device"] == device]


def stop(process, *signals):
    for number in signals or (signal.SIGTERM,):
        process.send_signal(number)
    return process.wait(PATIENCE)


def leave(client):
    """The end of a client that waits for it; its exit status."""
    client.stdin.close()
    return client.wait(PATIENCE)


def main(tests):
    failed = skipped = 0
    for test in tests:
        name = test.__doc__
        try:
            with Place() as place:
                try:
                    reason = test(place)
                except BaseException:
                    if os.path.exists(os.path.join(place.base, "log")):
                        print(place.log(), end="")
                    raise
            skipped += bool(reason)
            print(f"{'skipped: ' + reason + ': ' if reason else 'ok: '}{name}", flush=True)
        except Exception:
            failed += 1
            traceback.print_exc(file=sys.stdout)
            print(f"FAILED: {name}", flush=True)
    if failed:
        return 1
    return SKIP if skipped == len(tests) else 0


def listening(path):
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    sock.bind(path)
    sock.listen(8)
    return sock
