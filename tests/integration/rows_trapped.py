#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The rows of the table of negative tests, by the trap alone.

usage: rows_trapped.py SWTEE CONFIG ROWS DRIVER

What no system call that is caught can answer differs, exactly as listed: a
descriptor is a socket or a memory file in the kernel, and read, write, mmap and the
ioctls of others go there.
"""

import re
import subprocess
import sys

DIFFERENT = {
    "core N4 ioctl of a tty, TCGETS",
    "core N4 ioctl of all files, FIONREAD",
    "core N4 ioctl of sockets, SIOCGIFCONF",
    "core word 0",
    "core N11 read and write of a device",
    "core N40 mmap of registered memory",
    "core N42 mmap a page longer than the buffer",
    "core N43 mmap at the buffer's end",
    "core read and write of an shm fd",
}


def main():
    swtee, config, rows, driver = sys.argv[1:]
    done = subprocess.run(
        [swtee, "run", "--no-shim", "--config", config, "--", rows, driver],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, check=False)
    passed = re.findall(r"^ok \d+ - (.*?)(?: ->.*)?$", done.stdout, re.M)
    failed = set(re.findall(r"^not ok \d+ - (.*?)(?: ->.*)?$", done.stdout, re.M))
    plan = re.findall(r"^1\.\.(\d+)$", done.stdout, re.M)
    print(f"{len(passed)} hold, {len(failed)} differ, plan {plan}")
    if failed == DIFFERENT and plan == [str(len(passed) + len(failed))]:
        return 0
    print(done.stdout)
    for name in sorted(failed - DIFFERENT):
        print("broken:", name)
    for name in sorted(DIFFERENT - failed):
        print("holds, though listed as different:", name)
    return 1


sys.exit(main())
