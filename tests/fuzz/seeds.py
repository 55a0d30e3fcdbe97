#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Write the seeds of the fuzz targets: tests/fuzz/seeds/TARGET/NAME.

An input is a program that its target reads byte by byte; what the bytes mean stands
in the target. The functions below have the names of what they encode. A seed need
not be right in every byte: it leads the fuzzer to a place and leaves the rest to it.

    tests/fuzz/seeds.py          write them
"""

import pathlib
import struct

EDGES = [
    0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0xFFFF, 0xFFF, 0x1000, 0x1001, 0x7FFFFFFF, 0x80000000,
    0xFFFFFFFF, 0x100000000, 0x7FFFFFFFFFFFFFFF, 0x8000000000000000, 0xFFFFFFFFFFFFFFFF,
    0xFFFFFFFFFFFFFF00, 0xFFFFFFFFFFFFF000, 0x00007FFFFFFFF000, 0x0000800000000000,
    511, 512, 4096 * 511, 4096 * 512, 56, 64, 1024, 1056, 128, 255, 256, 65536,
]


def num(value):
    """fuzz_number()"""
    if value < 0xC0:
        return bytes([value])
    if value in EDGES:
        return bytes([0xC0 + EDGES.index(value)])
    if value < 1 << 16:
        return b"\xe0" + struct.pack("<H", value)
    if value < 1 << 32:
        return b"\xec" + struct.pack("<I", value)
    return b"\xf6" + struct.pack("<Q", value)


def cat(*parts):
    return b"".join(bytes([p]) if isinstance(p, int) else p for p in parts)


def zeros(n):
    """Plain answers: success, nothing changed"""
    return bytes(n)


# --- parameters of the ioctls: type, then a, b and an index into the ids ---

NONE, VALUE_IN, VALUE_OUT, VALUE_INOUT = 0, 1, 2, 3
MEM_IN, MEM_OUT, MEM_INOUT = 5, 6, 7
META = 0x10


def value(kind, a, b, c=0):
    return cat(kind, num(a), num(b), c)


def memref(kind, offs, size, which=0):
    return cat(kind, num(offs), num(size), which)


def params(*ps):
    return cat(len(ps), *ps)


# --- fuzz_ioctl ---

CHANGE, FAULT, NO_MEMORY, ODD_PLACE, ODD_LENGTH, ODD_COUNT, PLATFORM = (1 << n for n in range(7))


def ioctl_seeds():
    start = cat(1, 0, 0, zeros(2))

    def alloc(ctx, pages, flags=0, extra=b""):
        return cat(1, flags, ctx, num(pages), 1, extra, 0)

    def register(ctx, offs, length, flags=0, extra=b""):
        return cat(2, flags, ctx, num(offs), num(length), extra, 0)

    # How the driver takes each parameter: 0 leaves it alone, 1 and a number holds it
    def open_session(ctx, ps, flags=0, extra=b"", login=0):
        return cat(4, flags, ctx, login, ps, extra, zeros(ps[0]), 0, 0, num(7), 0, 4)

    def invoke(ctx, ps, flags=0, extra=b"", how=None):
        how = zeros(ps[0]) if how is None else how
        return cat(5, flags, ctx, 0, ps, extra, how, 0, 0, 0, 0)

    def supp_recv(ctx, room, requests):
        return cat(9, 0, ctx, room, zeros(room), num(3), num(len(requests)), *requests, 0)

    def supp_send(ctx, ps):
        return cat(10, 0, ctx, 0, ps, 0)

    def open_priv(slot):
        return cat(13, 0, slot, 0)

    def close(slot):
        return cat(14, 0, slot, 0)

    def close_fd(fd):
        return cat(15, 0, fd, 0)

    def act(what):
        return cat(17, 0, what)

    def data(byte):
        return cat(19, 0, bytes([byte]) * 64)

    four = params(value(VALUE_IN, 1, 2), value(VALUE_INOUT, 3, 4), memref(MEM_IN, 0, 16),
                  memref(MEM_INOUT, 64, 100, 1))
    session = cat(start, alloc(0, 1), data(0x55), register(0, 10, 5000), open_session(0, four),
                  invoke(0, four), cat(7, 0, 0, 0, 0), cat(8, 0, 0, 0, 0), close_fd(0),
                  invoke(0, four), close(0))
    logins = cat(start, *(open_session(0, params(), login=n) for n in range(7)))
    two = params(memref(MEM_IN, 0, 100), memref(MEM_OUT, 10, 20, 1))
    orphan = cat(start, alloc(0, 2), register(0, 0, 300), invoke(0, two, how=cat(1, 0, 1, 1)),
                 close(0), close_fd(0), act(8), act(0), close_fd(1), act(8), act(1))
    request = [cat(0, MEM_INOUT, 0, num(0), num(64), 0), cat(1, VALUE_INOUT, 0, 1, 2, 3),
               cat(1, MEM_OUT, 1, num(20), num(30), 0)]
    supp = cat(start, alloc(0, 1), register(0, 0, 300), invoke(0, two, how=cat(1, 0, 1, 1)),
               open_priv(1), alloc(1, 1), register(1, 100, 64), supp_recv(1, 5, request),
               supp_send(1, four), supp_recv(1, 1, []), close(1), open_priv(2), close_fd(0),
               close_fd(1), close_fd(2))
    changing = cat(start, register(0, 0, 100, CHANGE), alloc(0, 1, CHANGE),
                   invoke(0, four, CHANGE, cat(1, 2, 3, 4)),
                   open_session(0, four, CHANGE, cat(0x1C, 200, 9)))
    faults = cat(start, *(invoke(0, four, FAULT, num(n)) for n in (0, 8, 16, 40, 72, 200)),
                 *(alloc(0, 1, NO_MEMORY, bytes([n])) for n in range(5)),
                 *(invoke(0, four, NO_MEMORY, bytes([n])) for n in range(4)),
                 *(register(0, 0, 64, PLATFORM, cat(1, n)) for n in range(4)))
    odd = cat(start, alloc(0, 1), invoke(0, four, ODD_PLACE, num(0x7FFFFFFFFFFFFFFF)),
              cat(5, ODD_COUNT, 0, 0, four, num(0xFFFFFFFF)),
              cat(5, ODD_LENGTH, 0, 0, four, 1, num(1024)),
              cat(5, ODD_COUNT | ODD_LENGTH, 0, 0, four, num(31), 0),
              register(0, 0xBFFF, 1), register(0, 0x7FFF, 4098),
              cat(2, ODD_LENGTH, 0, 0, num(0xFFFFFFFFFFFFF000), num(0x1000)),
              cat(11, 0, 0, struct.pack("<I", 0xC010A401), 0, zeros(64)))
    return {"session": session, "logins": logins, "orphan": orphan, "supplicant": supp,
            "changing": changing, "faults": faults, "odd": odd}


# --- fuzz_optee_driver ---

PLAIN, RPC, GIVE_UP = 0, 0x60, 0xE9


def driver_seeds():
    # World, platform; five answers of the handshake; the first message buffer.
    def start(world=0, platform=0, caps=0, n_registered=1):
        return cat(world, platform, zeros(4), caps, zeros(4 * n_registered),
                   0, 0, zeros(4), 0, zeros(2))

    ok = zeros(4)			# the end of a call, and that it went well

    def invoke(ps, *answers, user=0):
        return cat(0, user << 6, 0, ps, *answers, ok, zeros(ps[0]))

    def alloc(pages, *answers):
        return cat(6, 0, num(pages), 1, *answers, ok)

    def register(offs, length, *answers):
        return cat(7, 0, struct.pack("<H", offs), num(length), 0, *answers, ok)

    def rpc(message, served=b""):
        return cat(RPC, 0, message, 1, 2, served)

    def shm_alloc(kind, size):
        return cat(kind, num(size), 0, 0)	# kinds are 0 to 2, codes repeat after three

    def shm_free(kind, cookie):
        return cat(0x42 + kind, cookie)

    def command(code, *ps):
        return cat(0x70 + code, len(ps), *ps)

    def rmem(kind, offs, size, cookie):
        return cat(kind, num(offs), num(size), cookie)

    def tmem(kind, which, offs, size):
        return cat(kind, which, num(offs), num(size))

    def supp(op, *more):
        return cat(14, 0, op, *more)

    memory = params(memref(MEM_INOUT, 0, 100), memref(MEM_OUT, 10, 50),
                    value(VALUE_INOUT, 1, 2), cat(MEM_IN | 0x40, 0, 0))
    plain = cat(start(), alloc(1), register(5, 9000), invoke(memory), cat(5, 0, 0, ok),
                cat(8, 0, 0), cat(4, 0, 0, ok), cat(10, 0, 0, ok), cat(9, 0, zeros(8)))
    # 0x70 + code picks the command of the world's table by remainder: see cmds[].
    fallback = cat(start(), alloc(1),
                   invoke(memory, rpc(shm_alloc(0, 5000)), rpc(shm_alloc(1, 64)),
                          rpc(command(8, rmem(7, 0, 64, 1), rmem(3, 1, 2, 0)), zeros(4)),
                          rpc(command(9, tmem(10, 2, 0, 32)), zeros(2)),
                          rpc(command(1, cat(2, 0, 0, 0))), rpc(cat(0x61, 3, 1)),
                          rpc(cat(0x60, 3, 1)), rpc(command(3, cat(1, 1, 0, 0))),
                          rpc(shm_free(0, 1)), rpc(shm_free(0, 2)), rpc(shm_free(1, 2))),
                   invoke(memory, cat(RPC, 0x95, num(4096), 0, 1, 2),
                          cat(RPC, 0xA9, 1, 1, 2), cat(RPC, 0xC1, 1, 2),
                          cat(RPC, 0xB9, 0, 1, 2), cat(RPC, 0xF0, 9, 9, 0, 1, 2)))
    def serve(n, allocates=b""):
        """Take a request of n parameters, with room for its id, and answer it"""
        return cat(2, 0, allocates, 0, zeros(n + 1))

    supplicant = cat(start(platform=1), supp(7), alloc(1),
                     invoke(memory, rpc(shm_alloc(0, 4096), serve(1, ok)),
                            rpc(command(8, rmem(7, 0, 64, 3), rmem(3, 1, 2, 0)), serve(2)),
                            rpc(command(9, rmem(6, 0, 64, 3)), cat(0, 1, 1, 0, 0)),
                            rpc(shm_free(0, 3), serve(1))),
                     supp(0, 0), supp(4, num(1), 1, ok), supp(5, 0, 0, num(64), 0, ok),
                     supp(1, 0), supp(6))
    killed = cat(start(platform=1), supp(7), alloc(1),
                 invoke(memory, rpc(command(8, cat(3, 1, 2, 0)), cat(0, 0, 15, 15, 15, 15, 15))),
                 supp(1, 0, zeros(4)),
                 invoke(memory, rpc(command(8, cat(3, 1, 2, 0)), cat(6))), supp(7),
                 invoke(memory, rpc(command(8, cat(3, 1, 2, 0)), cat(12, zeros(6), ok, ok, 6))))
    reset = cat(start(), alloc(1), register(0, 64), cat(12, 0, 0, zeros(5), zeros(24)),
                invoke(memory), cat(3, 0, 0, 0, ok, 0, zeros(2)), invoke(memory),
                cat(12, 0, 0, zeros(4), 1))
    old_abi = cat(start(caps=1, n_registered=0), alloc(1),
                  invoke(memory, cat(RPC, 0x95, num(1024), 0, 1, 2), rpc(shm_alloc(1, 8192)),
                         rpc(command(8, rmem(7, 0, 64, 1)), zeros(3)),
                         cat(RPC, 0xA9, 0, 1, 2), cat(RPC, 0xB9, 0, 1, 2)))
    refused = cat(start(), alloc(1), invoke(memory, GIVE_UP), invoke(memory, 0xFF),
                  cat(7, 0, 0, 0, num(64), 0, 0, 0, 0xC0, 0), cat(6, 0, num(1), 1, 0xE8, ok),
                  cat(3, 0, 0, 0, 0, 0, 0, 0, 0xE0, zeros(2)), invoke(memory, 0, 0xFF, b"\x5a" * 160))
    large = cat(start(), alloc(600), alloc(1024), invoke(memory, rpc(shm_alloc(1, 4096 * 512))))
    # The list of services: its size, then the list
    scan = cat(start(), 13, 0, ok, 0, 0, 0, 0, 0, 0xC0, 0, 4, num(32), ok, ok, 5, num(32), ok, ok)
    return {"plain": plain, "fallback": fallback, "supplicant": supplicant, "killed": killed,
            "reset": reset, "old_abi": old_abi, "refused": refused, "large": large, "scan": scan}


# --- fuzz_image: places of places[] in the target, the width (0: one byte), the number ---

def image_seeds():
    def change(place, eights, width, number):
        return cat(place + 17 * eights, width, num(number))

    header = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HH", 3, 62)
    return {
        "good": cat(0),
        "short": cat(1, 0, 9),
        "segment": cat(0, change(4, 1, 3, 0xFFFFFFFFFFFFF000), change(5, 3, 3, 0x7FFFFFFFFFFFFFFF)),
        "dynamic": cat(0, change(8, 1, 3, 0x1000), change(6, 4, 3, 64)),
        "hash": cat(0, change(14, 0, 2, 0xFFFFFFFF), change(13, 0, 3, 0xFFFFFFFF)),
        "hash_only": cat(0, change(8, 0, 3, 0x1234)),
        "strings": cat(0, change(9, 2, 3, 0xFFFFFFFF), change(15, 1, 0, 0x41)),
        "library": cat(0, change(10, 0, 3, 1), change(10, 1, 3, 1)),
        "undefined": cat(0, change(12, 0, 2, 9), change(15, 0, 3, 0x4141414141414141)),
        "head": cat(0, change(16, 2, 2, 0xFFFFFFFF), change(16, 3, 3, 0)),
        "raw": cat(0xFF, header, bytes(44)),
    }


# --- fuzz_optee_msg ---

DEVICE_PTA, TESTS_PTA, USER_TA = 0, 1, 2


def msg_seeds():
    start = cat(0)

    def call(message, how=0):
        return cat(0, how, message)

    def open_session(which, *ps):
        return cat(2, 0, which, params(*ps))

    def invoke(func, *ps, session=0):
        return cat(0, session, func, params(*ps))

    def register(page, size, offset=b"\0"):
        return cat(4, 0, offset, num(size), 0, page, 0, 0)

    def unregister(which):
        return cat(5, 0, which)

    def close(session=0):
        return cat(6, session)

    def rmem(kind, offs, size, which=0):
        return cat(kind, num(offs), num(size), which)

    def noncontig(kind, page, size):
        return cat(0x40 | kind, 0, num(size), 0, page, 0)

    def resume(n, *answer):
        return cat(6 | n << 4, 0, *answer)

    ram, region, many, forbidden = 40, 0x65, 0x66, 0x67
    asked = zeros(1)			# the machine's answer to a question for memory
    host = zeros(6)			# a host's answer, done and well; to LOAD one more
    pta = cat(start, call(open_session(DEVICE_PTA)), call(open_session(TESTS_PTA)),
              call(register(ram, 5000)), call(register(region, 9000, cat(1, 16, 0)), 0), asked,
              call(invoke(0, rmem(6, 0, 64))), call(invoke(1, rmem(7, 100, 200, 1), session=1)),
              call(invoke(1, value(3, 1, 2), session=1)),
              call(invoke(10, cat(11, 0, 0), session=1)),
              call(invoke(2, session=1)), call(close()), call(unregister(0)), call(unregister(0)),
              cat(13, 1, 0), cat(13, 6, 0), cat(13, 7, 0))
    load = cat(call(open_session(USER_TA)), resume(0, 0, 0), resume(0, 0, region, 1, 1), asked,
               resume(0, 0, 0), resume(0, 0), 0, 0, host, host, host)
    user = cat(start, load, call(register(region, 9000)), asked, call(register(many, 8000)), asked,
               call(invoke(0, rmem(7, 0, 100), rmem(6, 4096, 64, 1), value(3, 1, 2))),
               host, host, host, call(unregister(0)), host, call(invoke(1, rmem(5, 0, 8))), host,
               cat(0xA0, 1, 0, 0, 0xA0, 2, 5, 0), call(close()), host, host)
    syscalls = cat(start, load, call(invoke(0)), cat(0xA1, 1, 0, 0), resume(0, 0, 5, 6),
                   cat(0xA1, 2, 0, 0), cat(0xA1, 3, 7, 8), cat(0xA1, 2, 0, 0), cat(0xA1, 4, 0, 0),
                   cat(0xA1, 5, 0, 0), host, call(invoke(0)), cat(0xA1, 0, 3, 0), resume(0, 0),
                   cat(6, 0xE0, 0, 9), resume(0, 0), host, call(invoke(0)), cat(0xFD, 9),
                   call(invoke(0)), call(close()))
    dies = cat(start, load, call(invoke(0)), cat(0xA1, 1, 0, 0), cat(15, 0), resume(0, 0, 5, 6),
               call(open_session(USER_TA)), resume(0, 0xE0, 9), call(close()))
    waits = cat(start, load, call(invoke(0)), cat(0xA1, 1, 0, 0), call(invoke(0)), call(close()),
                resume(1, 0), resume(0, 0, 1, 1), host, resume(1, 0), resume(0, 0), resume(2, 0),
                host, resume(1, 0), host)
    by_cookie = cat(start, call(register(ram, 4096)), call(register(region, 4096)), asked,
                    cat(0, 3, 0, 0, open_session(USER_TA)), resume(0, 0, 0),
                    call(unregister(0)), resume(0, 0xE0, 1), cat(0, 3, 1, 1, num(16), invoke(0)),
                    cat(14, ram, 28, 0, num(0x7F)))
    alloc = cat(start, call(open_session(USER_TA), 2), resume(0, 0, 5), resume(0, 0, 0),
                resume(0, 0, ram, 1, 1), resume(0, 0, 0), resume(0, 0), 0, 0, host, host, host,
                resume(0, 0), call(open_session(USER_TA), 2), resume(0, 0xF0, 0, 5), resume(0, 0))
    lists = cat(start, call(register(many, 4096 * 511 + 1)), asked, call(register(many, 4096 * 512)),
                cat(0, 0, 4, 0, 0, num(20000), 0, many, 3, region, 0), asked, asked,
                call(register(forbidden, 64)), asked,
                call(invoke(0, noncontig(10, region, 64), noncontig(11, ram, 5000))),
                call(register(0xF1, 64)), call(open_session(0xF8)))
    # A region that is said to be smaller than it is, then one in what was left out
    lies = cat(start, call(register(0x65, 64)), cat(0xFA, num(0x1000)),
               call(register(cat(0xE5, 62), 64)), asked, call(unregister(0)), call(unregister(1)))
    return {"pta": pta, "machine_lies": lies, "user_ta": user, "syscalls": syscalls, "host_dies": dies, "waits": waits,
            "by_cookie": by_cookie, "alloc": alloc, "lists": lists}


# --- fuzz_storage ---

def storage_seeds():
    TOUCH, READ, WRITE, TRUNCATE, LIST, FAIL, REBOOT = 0, 2, 3, 4, 5, 6, 7

    def le16(n):
        return n.to_bytes(2, "little")

    def change(where, offset, number, width=2):
        return cat(TOUCH, 0, where, le16(offset), width, num(number))

    def cut(where, offset):
        return cat(TOUCH, 2, where, le16(offset))

    def write(at, size, byte):
        return cat(WRITE, le16(at), le16(size), byte)

    def truncate(size):
        return cat(TRUNCATE, le16(size))

    def head(n_index, *more):
        return cat(TOUCH, 3, n_index, *more)

    whole, broken = 80, 81
    return {
        "data": cat(whole, READ, write(100, 5000, 7), truncate(3000), write(9000, 10, 1), READ,
                    REBOOT, READ, LIST),
        "head_changed": cat(whole, change(1, 16, 1), REBOOT, READ),
        "block_changed": cat(whole, change(2, 300, 5), REBOOT, READ, LIST),
        "cut": cat(whole, write(0, 5000, 3), cut(2, 100), READ, REBOOT),
        "older_head": cat(whole, write(0, 10, 3), change(0, 8, 0), REBOOT, READ),
        "fails": cat(whole, FAIL, 2, 0, write(0, 5000, 9), READ, REBOOT, READ),
        "broken_head": cat(broken, head(1, 0, 0, 0, 16), REBOOT, READ, LIST),
        "broken_index": cat(broken, head(2, 5, 1, 0, 1, 16, 17, 3, 18, 19, 20), REBOOT, READ,
                            write(0, 100, 1), truncate(10)),
        "broken_size": cat(broken, change(1, 80, 1 << 40, 3), REBOOT, READ, LIST),
    }


# --- fuzz_qtee_driver ---

def qtee_driver_seeds():
    start = zeros(5)  # the QTEE gives the driver no environment at probe
    root, first_id, tee_id, primordial = 0, 0, 0x80, 0xC0
    user, tee, mem = 0x08, 0x00, 0x10

    def ubuf(kind, where):
        return cat(kind, where)

    def objref(which):
        return cat(2, which)

    oo = cat(3, 0)

    def invoke(target, op, *ps, ctx=0):
        return cat(0, ctx << 6, target, op, len(ps), *ps)

    def end(*outputs, releases=b"\0"):
        return cat(0, 0, releases, 0, *outputs)

    def callback(target, op, counts, *more, how=0):
        return cat(0, 0xC0, how, target, op, struct.pack("<H", counts), *more, 0)

    def release(first, second):
        return cat(1, 0, first, second)

    serve = cat(0, 0, 0)  # the server's turn: receive, answer
    alloc = cat(3, 0, num(4096))
    work = cat(15, 0)
    called = cat(start, invoke(root, 1, ubuf(0, 40), ubuf(1, 80), objref(user)),
                 callback(first_id, 0, 0x11, num(8), num(13)), serve, 20,
                 end(4, releases=release(first_id, tee_id)))
    objects = cat(start, invoke(root, 1, objref(user), oo),
                  callback(first_id, 0, 0x1100, tee_id), serve, user, end(tee_id),
                  invoke(0x80, 2, objref(tee)), end(), cat(2, 0, 0), work, end())
    mapped = cat(start, alloc, invoke(root, 1, objref(mem)),
                 callback(primordial, 0, 0x1110, num(24), first_id), end(),
                 invoke(root, 1), end(releases=release(first_id, first_id)))
    waits = cat(start, invoke(root, 1, objref(user), oo), end(tee_id), cat(2, 0, 0), work,
                callback(first_id, 1, 0), cat(5, 0, 0, 0), work, end())
    dies = cat(start, invoke(root, 1, objref(user), oo), end(tee_id), cat(13, 0, 0), zeros(5),
               invoke(0x80, 1), cat(2, 0, 0), work)
    return {"callback": called, "objects": objects, "map_region": mapped,
            "release_waits": waits, "world_dies": dies}


# --- fuzz_qtee_msg ---


def qtee_msg_seeds():
    start = cat(0)
    fine = 0				# a host's answer: done, with nothing
    env = cat(1, 0x00, 0)
    loader = cat(1, 0x41, 0)
    load = cat(1, 0x80, 0, fine, fine, fine, fine)
    get_object = cat(1, 0xC2, 0, 1, 2, 5)

    def invoke(counts, *rest, target=0x11, op=0):
        return cat(6, target, num(op), 0xC0, num(counts), *rest, 0, 0)

    def answer(*rest):
        return cat(6, 0x80, *rest)

    register = cat(invoke(0x1100, 0xA5, target=0, op=2),
                   answer(8, b"\x03" + bytes(7)), answer(3, b"\xa1\x01\x05"))
    ta = cat(start, env, loader, load, get_object)
    region = cat(invoke(0x1100, 0xA5, op=1), cat(6, 0x80, 0, 0x65, 0xA6), zeros(8))
    request = cat(0xA0, 0, num(1), num(0), num(0x0100), num(1), num(1), 0)
    mapping = cat(0xA0, 1, num(1), num(0), num(0), 0)
    return {
        "services": cat(start, env, cat(1, 0x40, 0), cat(1, 0x43, 0), cat(3, 0, 0)),
        "register": cat(start, register, register),
        "credentials": cat(0, 17, b"\xa2\x01\x1a\0\0\x03\xe8\x06\x1b", zeros(8)),
        "load": cat(ta, cat(3, 2, 0), cat(3, 1, 0), zeros(8)),
        "region": cat(start, env, loader, region, zeros(20)),
        "request": cat(ta, invoke(0x0100, 0xA5, target=0x13), request, answer(), zeros(4)),
        "mapping": cat(ta, invoke(0x0100, 0xA5, target=0x13), mapping,
                       cat(6, 0x80, 0, 0x65, 0xA6), zeros(8)),
        "host_dies": cat(ta, invoke(0, target=0x13), 0xFF, env),
    }


def main():
    root = pathlib.Path(__file__).resolve().parent / "seeds"
    targets = {
        "fuzz_ioctl": ioctl_seeds(),
        "fuzz_optee_driver": driver_seeds(),
        "fuzz_qtee_driver": qtee_driver_seeds(),
        "fuzz_image": image_seeds(),
        "fuzz_optee_msg": msg_seeds(),
        "fuzz_qtee_msg": qtee_msg_seeds(),
        "fuzz_storage": storage_seeds(),
    }
    for target, seeds in targets.items():
        folder = root / target
        folder.mkdir(parents=True, exist_ok=True)
        for name, seed in seeds.items():
            (folder / name).write_bytes(seed)


if __name__ == "__main__":
    main()
