// SPDX-License-Identifier: BSD-2-Clause

// A TEE client in Go: no libc, threads of its own making, signals to preempt them.
package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

const (
	iocVersion      = 0x800ca400
	iocShmAlloc     = 0xc010a401
	iocOpenSession  = 0x8010a402
	iocInvoke       = 0x8010a403
	iocCancel       = 0x8008a404
	iocCloseSession = 0x8004a405

	valueInput  = 1
	valueOutput = 2
	valueInout  = 3
	memrefInput = 5

	errorCancel = 0xffff0002
)

// From the headers of the trusted applications
var (
	hello  = [16]byte{0xa8, 0xb2, 0x03, 0xc0, 0x9e, 0x5f, 0x40, 0x69, 0x9d, 0x53, 0x8c, 0x0a, 0x95, 0x38, 0xdb, 0x9b}
	memory = [16]byte{0xd9, 0x4e, 0x80, 0xa7, 0x31, 0xa2, 0x4b, 0xde, 0xb5, 0x96, 0x40, 0x3d, 0x30, 0x1a, 0xf3, 0x0d}
	crash  = [16]byte{0xaf, 0x84, 0xe8, 0x5d, 0xc7, 0xda, 0x49, 0xcc, 0x8e, 0xa4, 0x55, 0xe3, 0x54, 0xc8, 0x90, 0xa0}
)

const (
	helloIncrement = 0
	memorySum      = 2
	crashWait      = 3
)

type param struct{ attr, a, b, c uint64 }

type bufData struct{ ptr, len uint64 }

type openArg struct {
	uuid, clientUUID                                 [16]byte
	login, cancelID, session, ret, origin, numParams uint32
}

type invokeArg struct {
	fn, session, cancelID, ret, origin, numParams uint32
	params                                        [4]param
}

type shmArg struct {
	size  uint64
	flags uint32
	id    int32
}

// What the kernel gets the address of by way of a number must not move with a stack.
var kept sync.Map

func address(p interface{}, at unsafe.Pointer) uint64 {
	kept.Store(p, true)
	return uint64(uintptr(at))
}

func check(ok bool, format string, args ...interface{}) {
	if !ok {
		_, _, line, _ := runtime.Caller(1)
		fmt.Fprintf(os.Stderr, "trap_client.go:%d: %s\n", line, fmt.Sprintf(format, args...))
		os.Exit(1)
	}
}

func ioctl(fd int, cmd uintptr, arg unsafe.Pointer) (int, syscall.Errno) {
	r, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), cmd, uintptr(arg))
	return int(r), errno
}

func openTee() int {
	fd, err := syscall.Open("/dev/tee0", syscall.O_RDWR|syscall.O_CLOEXEC, 0)
	check(err == nil, "open /dev/tee0: %v", err)
	return fd
}

func openSession(fd int, uuid [16]byte) uint32 {
	arg := &openArg{uuid: uuid}
	buf := &bufData{address(arg, unsafe.Pointer(arg)), uint64(unsafe.Sizeof(*arg))}
	_, errno := ioctl(fd, iocOpenSession, unsafe.Pointer(buf))
	kept.Delete(arg)
	check(errno == 0 && arg.ret == 0, "open session: %v 0x%x", errno, arg.ret)
	return arg.session
}

func closeSession(fd int, session uint32) {
	_, errno := ioctl(fd, iocCloseSession, unsafe.Pointer(&session))
	check(errno == 0, "close session: %v", errno)
}

func invoke(fd int, session, fn uint32, arg *invokeArg) uint32 {
	arg.fn, arg.session, arg.numParams = fn, session, 4
	buf := &bufData{address(arg, unsafe.Pointer(arg)), uint64(unsafe.Sizeof(*arg))}
	_, errno := ioctl(fd, iocInvoke, unsafe.Pointer(buf))
	kept.Delete(arg)
	check(errno == 0, "invoke: %v", errno)
	return arg.ret
}

func increment(fd int, session uint32, value uint64) uint64 {
	arg := new(invokeArg)
	arg.params[0] = param{attr: valueInout, a: value}
	ret := invoke(fd, session, helloIncrement, arg)
	check(ret == 0, "increment: 0x%x", ret)
	return arg.params[0].a
}

func values(fd int) {
	version := make([]byte, 12)
	_, errno := ioctl(fd, iocVersion, unsafe.Pointer(&version[0]))
	check(errno == 0, "version: %v", errno)
	check(binary.LittleEndian.Uint32(version) == 1, "implementation %v", version)
	session := openSession(fd, hello)
	check(increment(fd, session, 41) == 42, "41 + 1")
	closeSession(fd, session)
}

func memrefs(fd int) {
	shm := &shmArg{size: 5000}
	mem, errno := ioctl(fd, iocShmAlloc, unsafe.Pointer(shm))
	check(errno == 0, "shm alloc: %v", errno)
	bytes, err := syscall.Mmap(mem, 0, int(shm.size), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	check(err == nil, "mmap: %v", err)
	syscall.Close(mem)
	for i := 0; i < 5000; i++ {
		bytes[i] = 2
	}
	session := openSession(fd, memory)
	arg := new(invokeArg)
	arg.params[0] = param{attr: memrefInput, b: 5000, c: uint64(shm.id)}
	arg.params[1] = param{attr: valueOutput}
	ret := invoke(fd, session, memorySum, arg)
	check(ret == 0 && arg.params[1].a == 10000, "sum: 0x%x, %d", ret, arg.params[1].a)
	closeSession(fd, session)
	syscall.Munmap(bytes)
}

func cancel(fd int) {
	var done int32
	var wait sync.WaitGroup
	session := openSession(fd, crash)
	wait.Add(1)
	go func() {
		defer wait.Done()
		for atomic.LoadInt32(&done) == 0 {
			arg := [2]uint32{0, session}
			ioctl(fd, iocCancel, unsafe.Pointer(&arg))
			time.Sleep(time.Millisecond)
		}
	}()
	arg := new(invokeArg)
	arg.params[0] = param{attr: valueInput, a: 120000, b: 1}
	ret := invoke(fd, session, crashWait, arg)
	atomic.StoreInt32(&done, 1)
	wait.Wait()
	check(ret == errorCancel, "cancelled: 0x%x", ret)
	closeSession(fd, session)
}

func concurrent() {
	var wait sync.WaitGroup
	for i := 0; i < 8; i++ {
		wait.Add(1)
		go func() {
			defer wait.Done()
			fd := openTee()
			session := openSession(fd, hello)
			value := uint64(0)
			for value < 200 {
				value = increment(fd, session, value)
			}
			closeSession(fd, session)
			syscall.Close(fd)
		}()
	}
	wait.Wait()
}

func main() {
	var st syscall.Stat_t
	check(syscall.Stat("/dev/tee0", &st) == nil && st.Mode&syscall.S_IFMT == syscall.S_IFCHR, "stat: mode %o", st.Mode)
	fd := openTee()
	values(fd)
	memrefs(fd)
	cancel(fd)
	concurrent()
	syscall.Close(fd)
}
