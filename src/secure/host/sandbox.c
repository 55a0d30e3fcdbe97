/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The sandbox of a TA host
 *
 * The stack: a TA runs on the main thread's stack. The kernel looks at RLIMIT_STACK
 * whenever that stack grows, so lowering the limit to what the TA asked for (but not
 * below STACK_MIN, the C library needs more than a TA on bare metal) makes an
 * overflow fault where it happens; the gap that the kernel keeps below it is the
 * guard. What the stack has grown to already stays: about 130 KiB from exec.
 */
#include "secure/host/sandbox.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/auto.h"

#define STACK_MIN ((size_t)64 << 10)
/* The five, one that a MAP brings, and one that the dynamic linker opens */
#define MAX_FDS 16

/*
 * Stands for the process id where the filter compares with it. A filter is made in
 * the template; the child that puts it on writes its own id there.
 */
#define PID_PLACEHOLDER 0x7eadca11u

struct bpf {
	struct sock_filter *code;
	size_t n;
};

struct sandbox {
	bool filters;
	struct bpf enter;
	struct bpf seal;
};

DEFINE_AUTO(scmp_filter_ctx, seccomp_release);
DEFINE_AUTO(struct sandbox *, sandbox_free);

/* Without conditions */
static const int allowed[] = {
	/* lane, memory, the end of a map */
	SCMP_SYS(futex),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(brk),
	SCMP_SYS(madvise),
	SCMP_SYS(close),
	SCMP_SYS(fstat),
	/* what the C library calls for a TA: time, random numbers, qsort() */
	SCMP_SYS(clock_gettime),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(getrandom),
	SCMP_SYS(nanosleep),
	SCMP_SYS(clock_nanosleep),
	SCMP_SYS(sysinfo),
	SCMP_SYS(restart_syscall),
	/* abort() and the crash handler */
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(sigaltstack),
	SCMP_SYS(getpid),
	SCMP_SYS(gettid),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
};

/* Allowed by the first filter, killed by the second: loading and sealing */
static const int loading_only[] = {
	SCMP_SYS(read),
	SCMP_SYS(pread64),
	SCMP_SYS(dup),
	SCMP_SYS(seccomp),
};

/*
 * What the author of a TA may try: refused by a signal, for a message that says so,
 * instead of at once. The signal handler answers openat() and newfstatat() for the
 * dynamic linker and the C library.
 */
static const int trapped[] = {
	SCMP_SYS(open),
	SCMP_SYS(openat),
	SCMP_SYS(newfstatat),
	SCMP_SYS(stat),
	SCMP_SYS(access),
	SCMP_SYS(ioctl),
	SCMP_SYS(socket),
	SCMP_SYS(clone),
	SCMP_SYS(clone3),
	SCMP_SYS(fork),
	SCMP_SYS(vfork),
	SCMP_SYS(execve),
	SCMP_SYS(kill),
};

#define ADD(ctx, action, nr, ...) seccomp_rule_add(ctx, action, nr, __VA_ARGS__)
#define N(array) (sizeof(array) / sizeof((array)[0]))

static int add_all(scmp_filter_ctx ctx, uint32_t action, const int *nrs, size_t n)
{
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++)
		r = ADD(ctx, action, nrs[i], 0);
	return r;
}

static int add_conditional(scmp_filter_ctx ctx)
{
	const uint32_t allow = SCMP_ACT_ALLOW;
	int r = ADD(ctx, allow, SCMP_SYS(write), 1, SCMP_A0(SCMP_CMP_LE, STDERR_FILENO));

	r = r ?: ADD(ctx, allow, SCMP_SYS(writev), 1, SCMP_A0(SCMP_CMP_LE, STDERR_FILENO));
	r = r ?: ADD(ctx, allow, SCMP_SYS(recvmsg), 1, SCMP_A0(SCMP_CMP_EQ, HOST_FD_INSTANCE));
	r = r ?: ADD(ctx, allow, SCMP_SYS(fcntl), 1, SCMP_A1(SCMP_CMP_EQ, F_GET_SEALS));
	r = r ?: ADD(ctx, allow, SCMP_SYS(tgkill), 1, SCMP_A0(SCMP_CMP_EQ, PID_PLACEHOLDER));
	/* The lane's callee follows its caller to its CPU; others are not ours. */
	r = r ?: ADD(ctx, allow, SCMP_SYS(sched_setaffinity), 1, SCMP_A0(SCMP_CMP_EQ, 0));
	/* Executable memory ends with the second filter. */
	r = r ?: ADD(ctx, allow, SCMP_SYS(mmap), 0);
	r = r ?: ADD(ctx, allow, SCMP_SYS(mprotect), 0);
	return r;
}

static int fill_enter(scmp_filter_ctx ctx)
{
	int r = add_all(ctx, SCMP_ACT_ALLOW, allowed, N(allowed));

	r = r ?: add_all(ctx, SCMP_ACT_ALLOW, loading_only, N(loading_only));
	r = r ?: add_all(ctx, SCMP_ACT_TRAP, trapped, N(trapped));
	return r ?: add_conditional(ctx);
}

static int fill_seal(scmp_filter_ctx ctx)
{
	const uint32_t kill = SCMP_ACT_KILL_PROCESS;
	const struct scmp_arg_cmp exec = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC);
	int r = add_all(ctx, kill, loading_only, N(loading_only));

	r = r ?: ADD(ctx, kill, SCMP_SYS(mmap), 1, exec);
	return r ?: ADD(ctx, kill, SCMP_SYS(mprotect), 1, exec);
}

/* libseccomp gives the program through a descriptor only */
static int export_bpf(scmp_filter_ctx ctx, struct bpf *ret_bpf)
{
	AUTO(close_fd) int fd = memfd_create("swtee-seccomp", MFD_CLOEXEC);
	struct sock_filter *code;
	struct stat st;
	int r;

	if (fd < 0)
		return -errno;
	r = seccomp_export_bpf(ctx, fd);
	if (r < 0)
		return r;
	if (fstat(fd, &st) < 0)
		return -errno;
	code = malloc((size_t)st.st_size);
	if (!code)
		return -ENOMEM;
	if (pread(fd, code, (size_t)st.st_size, 0) != (ssize_t)st.st_size) {
		free(code);
		return -EIO;
	}
	*ret_bpf = (struct bpf){ .code = code, .n = (size_t)st.st_size / sizeof(*code) };
	return 0;
}

static int make_bpf(uint32_t default_action, int (*fill)(scmp_filter_ctx ctx), struct bpf *ret_bpf)
{
	AUTO(seccomp_release) scmp_filter_ctx ctx = seccomp_init(default_action);
	int r;

	if (!ctx)
		return -ENOMEM;
	r = fill(ctx);
	return r < 0 ? r : export_bpf(ctx, ret_bpf);
}

static bool under_sanitizer(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	return true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
	__has_feature(memory_sanitizer)
	return true;
#endif
#endif
	/* Preloaded, for TAs that are built with it */
	return dlsym(RTLD_DEFAULT, "__asan_init") || dlsym(RTLD_DEFAULT, "__tsan_init") ||
	       dlsym(RTLD_DEFAULT, "__ubsan_handle_add_overflow");
}

int sandbox_new(struct sandbox **ret_sandbox)
{
	AUTO(sandbox_free) struct sandbox *sandbox = calloc(1, sizeof(*sandbox));
	int r = 0;

	if (!sandbox)
		return -ENOMEM;
	sandbox->filters = !under_sanitizer();
	if (sandbox->filters) {
		r = make_bpf(SCMP_ACT_KILL_PROCESS, fill_enter, &sandbox->enter);
		r = r ?: make_bpf(SCMP_ACT_ALLOW, fill_seal, &sandbox->seal);
	}
	if (r < 0)
		return r;
	*ret_sandbox = STEAL(sandbox);
	return 0;
}

struct sandbox *sandbox_free(struct sandbox *sandbox)
{
	if (sandbox) {
		free(sandbox->enter.code);
		free(sandbox->seal.code);
		free(sandbox);
	}
	return NULL;
}

bool sandbox_filters(const struct sandbox *sandbox)
{
	return sandbox->filters;
}

static int limit_to(int resource, rlim_t value)
{
	struct rlimit limit;

	if (getrlimit(resource, &limit) < 0)
		return -errno;
	limit.rlim_cur = value < limit.rlim_max ? value : limit.rlim_max;
	/* The TA may not raise it again; nor may we the hard limit of the stack. */
	limit.rlim_max = limit.rlim_cur;
	return setrlimit(resource, &limit) < 0 ? -errno : 0;
}

/* @stack_size below the present frame; the limit counts from the stack's end */
static int limit_stack(size_t stack_size)
{
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);
	uintptr_t end = here;

	/* The environment lies at the end, its strings last. */
	for (char **env = environ; env && *env; env++) {
		if ((uintptr_t)*env > end)
			end = (uintptr_t)*env;
	}
	if (stack_size < STACK_MIN)
		stack_size = STACK_MIN;
	return limit_to(RLIMIT_STACK, end - here + stack_size);
}

static int put_on(const struct bpf *bpf)
{
	struct sock_fprog prog = { .len = (unsigned short)bpf->n, .filter = bpf->code };

	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog) < 0)
		return -errno;
	return 0;
}

int sandbox_enter(const struct sandbox *sandbox, size_t stack_size)
{
	uint32_t pid = (uint32_t)getpid();
	int r = limit_to(RLIMIT_CORE, 0);

	r = r ?: limit_to(RLIMIT_NOFILE, MAX_FDS);
	if (r < 0)
		return r;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	if (!sandbox->filters)
		return 0;
	/* Sanitizers use a multiple of the stack, so they keep theirs. */
	r = limit_stack(stack_size);
	if (r < 0)
		return r;
	for (size_t i = 0; i < sandbox->enter.n; i++) {
		struct sock_filter *insn = &sandbox->enter.code[i];

		if (BPF_CLASS(insn->code) == BPF_JMP && insn->k == PID_PLACEHOLDER)
			insn->k = pid;
	}
	return put_on(&sandbox->enter);
}

int sandbox_seal(const struct sandbox *sandbox)
{
	return sandbox->filters ? put_on(&sandbox->seal) : 0;
}
