/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signals of a TA host
 *
 * Everything here is async-signal-safe: the line is put together by hand on a stack
 * of its own, since the TA's may be what overflowed.
 */
#include "secure/host/crash.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/ucontext.h>
#include <unistd.h>

#include "secure/host/sandbox.h"

/* Registers may take 11 KiB of it on machines with wide vectors */
#define SIGNAL_STACK ((size_t)32 << 10)

static struct {
	const char *program;
	const char *ta;
	const char *path;
	uintptr_t image_start;
	uintptr_t image_end;
} crash;

/* --- registers --- */

#if defined(__x86_64__)
static uintptr_t context_pc(const ucontext_t *uc)
{
	return (uintptr_t)uc->uc_mcontext.gregs[REG_RIP];
}

static uintptr_t context_sp(const ucontext_t *uc)
{
	return (uintptr_t)uc->uc_mcontext.gregs[REG_RSP];
}

static long context_arg(const ucontext_t *uc, int n)
{
	static const int regs[] = { REG_RDI, REG_RSI, REG_RDX, REG_R10 };

	return (long)uc->uc_mcontext.gregs[regs[n]];
}

static void context_set_result(ucontext_t *uc, long value)
{
	uc->uc_mcontext.gregs[REG_RAX] = value;
}
#elif defined(__aarch64__)
static uintptr_t context_pc(const ucontext_t *uc)
{
	return (uintptr_t)uc->uc_mcontext.pc;
}

static uintptr_t context_sp(const ucontext_t *uc)
{
	return (uintptr_t)uc->uc_mcontext.sp;
}

static long context_arg(const ucontext_t *uc, int n)
{
	return (long)uc->uc_mcontext.regs[n];
}

static void context_set_result(ucontext_t *uc, long value)
{
	uc->uc_mcontext.regs[0] = (unsigned long long)value;
}
#elif defined(__riscv)
static uintptr_t context_pc(const ucontext_t *uc)
{
	return (uintptr_t)uc->uc_mcontext.__gregs[REG_PC];
}

static uintptr_t context_sp(const ucontext_t *uc)
{
	return (uintptr_t)uc->uc_mcontext.__gregs[REG_SP];
}

static long context_arg(const ucontext_t *uc, int n)
{
	return (long)uc->uc_mcontext.__gregs[REG_A0 + n];
}

static void context_set_result(ucontext_t *uc, long value)
{
	uc->uc_mcontext.__gregs[REG_A0] = (unsigned long)value;
}
#endif

/* --- a line --- */

struct line {
	char text[256];
	size_t len;
};

static void put(struct line *line, const char *s)
{
	while (*s && line->len < sizeof(line->text) - 1)
		line->text[line->len++] = *s++;
}

static void put_number(struct line *line, uintptr_t value, unsigned int base)
{
	char digits[24];
	size_t i = sizeof(digits) - 1;

	digits[i] = '\0';
	do {
		digits[--i] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	put(line, base == 16 ? "0x" : "");
	put(line, digits + i);
}

/* A place in the code; in the TA's own as the offset that addr2line(1) wants */
static void put_place(struct line *line, uintptr_t pc)
{
	if (pc >= crash.image_start && pc < crash.image_end) {
		put(line, "in the TA's code at offset ");
		put_number(line, pc - crash.image_start, 16);
	} else {
		put(line, "in code at ");
		put_number(line, pc, 16);
	}
}

static void begin(struct line *line)
{
	line->len = 0;
	put(line, crash.program);
	put(line, ": warn: TA ");
	put(line, crash.ta);
}

static void finish(struct line *line)
{
	line->text[line->len++] = '\n';
	/* Nowhere to report that the log is gone. */
	if (write(STDERR_FILENO, line->text, line->len) < 0)
		return;
}

/* --- crashes --- */

static const char *signal_name(int sig)
{
	switch (sig) {
	case SIGSEGV:
		return "SIGSEGV";
	case SIGBUS:
		return "SIGBUS";
	case SIGILL:
		return "SIGILL";
	case SIGFPE:
		return "SIGFPE";
	case SIGABRT:
		return "SIGABRT";
	case SIGTRAP:
		return "SIGTRAP";
	default:
		return "a signal";
	}
}

/* A fault around the stack pointer: that memory is missing when the stack cannot grow */
static bool near_stack(uintptr_t addr, const ucontext_t *uc)
{
	uintptr_t sp = context_sp(uc);

	return (addr < sp ? sp - addr : addr - sp) < 16384;
}

/*
 * SA_RESETHAND has put the default action back: a fault happens again on return and
 * ends the process; abort() raises its signal a second time by itself.
 */
static void on_crash(int sig, siginfo_t *info, void *context)
{
	struct line line;

	begin(&line);
	put(&line, " crashed: ");
	put(&line, signal_name(sig));
	if (info->si_code > 0 && sig != SIGABRT) {
		put(&line, " at address ");
		put_number(&line, (uintptr_t)info->si_addr, 16);
		put(&line, ", ");
		put_place(&line, context_pc(context));
		if (sig == SIGSEGV && near_stack((uintptr_t)info->si_addr, context))
			put(&line, ": the stack is full, see TA_STACK_SIZE");
	}
	finish(&line);
	/* One that was sent, or a breakpoint, would not come again. */
	if ((info->si_code <= 0 && sig != SIGABRT) || sig == SIGTRAP)
		(void)syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), sig);
}

/* --- system calls that the filter caught --- */

static const struct {
	long nr;
	const char *name;
} names[] = {
#ifdef SYS_open
	{ SYS_open, "open" },
	{ SYS_stat, "stat" },
	{ SYS_access, "access" },
	{ SYS_fork, "fork" },
	{ SYS_vfork, "vfork" },
#endif
	{ SYS_openat, "openat" },
	{ SYS_newfstatat, "newfstatat" },
	{ SYS_ioctl, "ioctl" },
	{ SYS_socket, "socket" },
	{ SYS_clone, "clone" },
	{ SYS_clone3, "clone3" },
	{ SYS_execve, "execve" },
	{ SYS_kill, "kill" },
};

static void die_of_syscall(long nr, uintptr_t pc)
{
	struct line line;

	begin(&line);
	put(&line, " made the system call ");
	put_number(&line, (uintptr_t)nr, 10);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (names[i].nr == nr) {
			put(&line, " ");
			put(&line, names[i].name);
		}
	}
	put(&line, " ");
	put_place(&line, pc);
	put(&line, ": a TA has no files, sockets and processes");
	finish(&line);
	(void)signal(SIGSYS, SIG_DFL);
	(void)syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), SIGSYS);
}

static void on_sigsys(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;
	int saved = errno;
	long r = -ENOSYS;

	if (info->si_syscall == SYS_newfstatat && (context_arg(uc, 3) & AT_EMPTY_PATH)) {
		/* The C library's way to do fstat(): so no path is looked at. */
		r = syscall(SYS_fstat, context_arg(uc, 0), context_arg(uc, 2));
	} else if (info->si_syscall == SYS_openat && crash.path) {
		const char *path = (const char *)context_arg(uc, 1);

		errno = ENOENT;
		r = strcmp(path, crash.path) ? -1 : syscall(SYS_dup, HOST_FD_IMAGE);
	} else {
		die_of_syscall(info->si_syscall, (uintptr_t)info->si_call_addr);
	}
	context_set_result(uc, r < 0 ? -errno : r);
	errno = saved;
}

static void install(int sig, void (*handler)(int, siginfo_t *, void *), int flags)
{
	struct sigaction action = { .sa_sigaction = handler };

	action.sa_flags = SA_SIGINFO | SA_ONSTACK | flags;
	(void)sigemptyset(&action.sa_mask);
	(void)sigaction(sig, &action, NULL);
}

void crash_init(const char *program, const char *ta, bool sanitizer)
{
	static const int faults[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP };
	stack_t stack = { .ss_size = SIGNAL_STACK };

	crash.program = program;
	crash.ta = ta;
	if (sanitizer)
		return;
	stack.ss_sp = mmap(NULL, SIGNAL_STACK, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (stack.ss_sp != MAP_FAILED)
		(void)sigaltstack(&stack, NULL);
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		install(faults[i], on_crash, SA_RESETHAND);
	install(SIGSYS, on_sigsys, 0);
}

void crash_allow_open(const char *path)
{
	crash.path = path;
}

void crash_set_image(uintptr_t start, uintptr_t end)
{
	crash.image_start = start;
	crash.image_end = end;
}
