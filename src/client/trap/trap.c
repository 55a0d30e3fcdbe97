/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The filter, and how its listener gets to swteed
 *
 * What is allowed whatever its arguments costs nothing: the kernel keeps a bitmap
 * of such calls. So the filter looks at arguments only where it must: at the command
 * of an ioctl, and at AT_EMPTY_PATH, with which libc makes fstat(2) of the
 * calls that look at a path.
 */
#include "client/trap/trap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "abi/trap.h"
#include "base/auto.h"
#include "base/fdsock.h"

#if defined(__x86_64__)
#define NATIVE_ARCH AUDIT_ARCH_X86_64
/* Calls of the x32 ABI have this bit: other layouts, never a TEE client */
#define FOREIGN_BIT 0x40000000u
#elif defined(__aarch64__)
#define NATIVE_ARCH AUDIT_ARCH_AARCH64
#else
#error "the trap needs the name of this architecture in seccomp filters"
#endif

#ifndef AT_EMPTY_PATH
#define AT_EMPTY_PATH 0x1000
#endif

/* Little endian: the low half comes first. */
#define LOW_HALF(arg) (offsetof(struct seccomp_data, args) + 8 * (unsigned int)(arg))

static void emit(struct trap_filter *filter, struct sock_filter insn)
{
	filter->code[filter->n++] = insn;
}

static void emit_load(struct trap_filter *filter, size_t offset)
{
	emit(filter, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						  (unsigned int)offset));
}

static void emit_return(struct trap_filter *filter, unsigned int action)
{
	emit(filter, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}

/* Skip @n instructions unless the condition @op with @value holds. */
static void emit_unless(struct trap_filter *filter, unsigned short op, unsigned int value,
			unsigned char n)
{
	emit(filter, (struct sock_filter)BPF_JUMP((unsigned short)(BPF_JMP | op | BPF_K), value,
						  0, n));
}

/* What to do with the call whose number has been matched */
static void emit_decision(struct trap_filter *filter, const struct trap_syscall *call)
{
	static const struct trap_ioctl ioctls[] = { TRAP_IOCTLS };

	if (call->kind == TRAP_IOCTL) {
		for (size_t i = 0; i < sizeof(ioctls) / sizeof(ioctls[0]); i++) {
			emit_load(filter, LOW_HALF(1));
			emit(filter, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K,
								  ioctls[i].mask));
			emit_unless(filter, BPF_JEQ, ioctls[i].value, 1);
			emit_return(filter, SECCOMP_RET_USER_NOTIF);
		}
		emit_return(filter, SECCOMP_RET_ALLOW);
	} else if (call->kind != TRAP_OPEN && call->flags != TRAP_NONE) {
		emit_load(filter, LOW_HALF(call->flags));
		emit_unless(filter, BPF_JSET, AT_EMPTY_PATH, 1);
		emit_return(filter, SECCOMP_RET_ALLOW);
		emit_return(filter, SECCOMP_RET_USER_NOTIF);
	} else {
		emit_return(filter, SECCOMP_RET_USER_NOTIF);
	}
}

void trap_filter_make(struct trap_filter *filter)
{
	static const struct trap_syscall calls[] = { TRAP_SYSCALLS };

	filter->n = 0;
	emit_load(filter, offsetof(struct seccomp_data, arch));
	emit_unless(filter, BPF_JEQ, NATIVE_ARCH, 1);
	emit(filter, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, 1));
	emit_return(filter, SECCOMP_RET_ALLOW);
	emit_load(filter, offsetof(struct seccomp_data, nr));
#ifdef FOREIGN_BIT
	emit_unless(filter, BPF_JGE, FOREIGN_BIT, 1);
	emit_return(filter, SECCOMP_RET_ALLOW);
#endif
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		unsigned short test = filter->n;

		emit_unless(filter, BPF_JEQ, (unsigned int)calls[i].nr, 0);
		emit_decision(filter, &calls[i]);
		filter->code[test].jf = (unsigned char)(filter->n - test - 1);
	}
	emit_return(filter, SECCOMP_RET_ALLOW);
}

int trap_connect(const char *dir)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	AUTO(close_fd) int sock = -1;
	int n = snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/" TRAP_SOCKET, dir);

	if (n < 0 || (size_t)n >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (sock < 0 || connect(sock, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		return -errno;
	return steal_fd(&sock);
}

int trap_install(const struct trap_filter *filter)
{
	/*
	 * Once swteed has a call a signal no longer takes it back: the kernel would
	 * make it again, and an invoke must not be done twice.
	 */
	const unsigned int flags = SECCOMP_FILTER_FLAG_NEW_LISTENER |
				   SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV |
				   SECCOMP_FILTER_FLAG_SPEC_ALLOW;
	const struct sock_fprog prog = {
		.len = filter->n,
		.filter = (struct sock_filter *)filter->code,
	};
	long r;

	r = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &prog);
	if (r < 0 && errno == EACCES && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
		r = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &prog);
	return r < 0 ? -errno : (int)r;
}

int trap_hand_over(int sock, int listener)
{
	const struct trap_hello hello = { .version = TRAP_VERSION };
	struct trap_answer answer;
	ssize_t n;
	int r;

	r = fdsock_send(sock, &hello, sizeof(hello), &listener, 1);
	if (r < 0)
		return r;
	n = fdsock_recv(sock, &answer, sizeof(answer), NULL, 0, NULL, NULL, 0);
	if (n != sizeof(answer) || answer.version != TRAP_VERSION)
		return n < 0 ? (int)n : -EPROTO;
	if (answer.error)
		return answer.error < 0 ? answer.error : -EPROTO;
	/* Where Yama restricts who may read whose memory; this process only. */
	if (answer.server_pid)
		(void)prctl(PR_SET_PTRACER, (unsigned long)answer.server_pid, 0, 0, 0);
	return 0;
}
