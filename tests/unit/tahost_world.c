/* SPDX-License-Identifier: BSD-2-Clause */
#include "tahost_world.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "abi/tee_result.h"
#include "base/auto.h"
#include "base/fdsock.h"
#include "base/memfd.h"
#include "base/uuid.h"

bool under_sanitizer(void)
{
	/* As the TA host finds out; this program is built like it. */
	return dlsym(RTLD_DEFAULT, "__asan_init") || dlsym(RTLD_DEFAULT, "__tsan_init") ||
	       dlsym(RTLD_DEFAULT, "__ubsan_handle_add_overflow");
}

static const char *arg_program;
static const char *arg_ta_dir;

void world_setup(const char *program, const char *ta_dir)
{
	arg_program = program;
	arg_ta_dir = ta_dir;
}

struct world world_start(void)
{
	struct world w = { .pid = -1 };
	int fds[2];

	assert_int_equal(fdsock_pair(fds), 0);
	w.log = memfd_create("log", MFD_CLOEXEC);
	assert_true(w.log >= 0);
	w.pid = fork();
	assert_true(w.pid >= 0);
	if (w.pid == 0) {
		/* O_APPEND: its writers do not share a position with us. */
		char path[40];
		int log;

		snprintf(path, sizeof(path), "/proc/self/fd/%d", w.log);
		log = open(path, O_WRONLY | O_APPEND);
		dup2(log, STDERR_FILENO);
		dup2(fds[1], TAHOST_FD_CONTROL);
		if (fds[1] == TAHOST_FD_CONTROL)
			fcntl(fds[1], F_SETFD, 0);
		execl(arg_program, arg_program, NULL);
		_exit(127);
	}
	close_fd(fds[1]);
	w.control = fds[0];
	return w;
}

const char *log_text(const struct world *w)
{
	static char buf[1 << 16];
	ssize_t n = pread(w->log, buf, sizeof(buf) - 1, 0);

	buf[n > 0 ? n : 0] = '\0';
	return buf;
}

bool log_has(const struct world *w, const char *text)
{
	return strstr(log_text(w), text);
}

/* Hang up; the template has to end by itself. */
void world_stop(struct world *w)
{
	int status;

	close_fd(w->control);
	assert_int_equal(waitpid(w->pid, &status, 0), w->pid);
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		fail_with_log(w, "the template ended with status 0x%x", status);
	close_fd(w->log);
}

/* A sealed memory file with the content of a file */
int image_of(const void *data, size_t size)
{
	int fd = -1;

	assert_int_equal(memfd_new_sealed("image", size, &fd), 0);
	assert_int_equal(pwrite(fd, data, size, 0), size);
	return fd;
}

uint8_t *read_ta(const char *uuid, size_t *ret_size)
{
	char path[512];
	struct stat st;
	uint8_t *data;
	int fd;

	snprintf(path, sizeof(path), "%s/%s.ta", arg_ta_dir, uuid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		fail_msg("%s: %s", path, strerror(errno));
	assert_int_equal(fstat(fd, &st), 0);
	data = malloc((size_t)st.st_size);
	assert_int_equal(read(fd, data, (size_t)st.st_size), st.st_size);
	close_fd(fd);
	*ret_size = (size_t)st.st_size;
	return data;
}

static int ta_image(const char *uuid)
{
	size_t size;
	uint8_t *data = read_ta(uuid, &size);
	int fd = image_of(data, size);

	free(data);
	return fd;
}

/* @image_fd is closed */
struct ta spawn_image(struct world *w, const char *uuid, int image_fd)
{
	struct tahost_spawn msg = { .type = TAHOST_SPAWN, .log_level = 3 };
	struct ta ta = { .cancel_masked = true };
	int fds[2], lane_fd;

	assert_int_equal(uuid_from_string(uuid, msg.uuid), 0);
	assert_int_equal(lane_new(sizeof(struct tahost_call), &ta.lane, &lane_fd), 0);
	assert_int_equal(fdsock_pair(fds), 0);
	assert_int_equal(fdsock_send(w->control, &msg, sizeof(msg),
				     (int[]){ lane_fd, image_fd, fds[1] }, 3), 0);
	close_fd(lane_fd);
	close_fd(image_fd);
	close_fd(fds[1]);
	ta.call = lane_data(ta.lane);
	ta.instance = fds[0];
	return ta;
}

struct ta spawn(struct world *w, const char *uuid)
{
	return spawn_image(w, uuid, ta_image(uuid));
}

/* The host has gone: its end of the instance socket is closed. */
void assert_gone(struct ta *ta)
{
	struct pollfd pfd = { .fd = ta->instance, .events = POLLIN };

	assert_int_equal(poll(&pfd, 1, 10000), 1);
	assert_true(pfd.revents & POLLHUP);
}

void ta_free(struct ta *ta)
{
	lane_close(ta->lane);
	ta->lane = lane_free(ta->lane);
	close_fd(ta->instance);
}

/* What the trusted OS does for a TA */
static void serve_syscall(struct ta *ta)
{
	struct tahost_sys *sys = &ta->call->sys;
	struct timespec now;
	uint64_t old = ta->cancel_masked;

	ta->n_syscalls++;
	clock_gettime(CLOCK_REALTIME, &now);
	sys->result = TEE_R_SUCCESS;
	switch (sys->nr) {
	case TAHOST_SYS_WAIT:
		if (!ta->cancel_masked && ta->cancelled)
			sys->result = TEE_R_CANCEL;
		else
			usleep((useconds_t)sys->a[0] * 1000);
		break;
	case TAHOST_SYS_GET_REE_TIME:
		sys->a[0] = (uint64_t)now.tv_sec;
		sys->a[1] = (uint64_t)now.tv_nsec / 1000000;
		break;
	case TAHOST_SYS_GET_TA_TIME:
		sys->result = ta->time_set ? TEE_R_SUCCESS : TEE_R_TIME_NOT_SET;
		sys->a[0] = ta->time_offset;
		sys->a[1] = 0;
		break;
	case TAHOST_SYS_SET_TA_TIME:
		ta->time_offset = (uint32_t)sys->a[0];
		ta->time_set = true;
		break;
	case TAHOST_SYS_MASK_CANCEL:
		ta->cancel_masked = sys->a[0] != 0;
		sys->a[0] = old;
		break;
	case TAHOST_SYS_GET_CANCEL:
		sys->a[0] = !ta->cancel_masked && ta->cancelled;
		break;
	default:
		fail_msg("system call %u", sys->nr);
	}
}

/* Post @op with what stands in the call; the result, or -EPIPE. Serves system calls. */
int64_t run(struct ta *ta, uint32_t op)
{
	ta->call->op = op;
	for (;;) {
		int r = lane_call(ta->lane);

		if (r < 0)
			return r;
		if (ta->call->answer != TAHOST_SYSCALL)
			return ta->call->result;
		serve_syscall(ta);
		ta->call->op = TAHOST_OP_SYSRET;
	}
}

int64_t session_op(struct ta *ta, uint32_t op, uint32_t session, uint32_t cmd, uint32_t types)
{
	ta->call->session = session;
	ta->call->cmd = cmd;
	ta->call->param_types = types;
	return run(ta, op);
}

int64_t invoke(struct ta *ta, uint32_t cmd, uint32_t types)
{
	return session_op(ta, TAHOST_OP_INVOKE, 1, cmd, types);
}

void set_value(struct ta *ta, size_t i, uint32_t a, uint32_t b)
{
	ta->call->params[i].value.a = a;
	ta->call->params[i].value.b = b;
}

void set_mem(struct ta *ta, size_t i, uint32_t slot, uint64_t offset, uint64_t size)
{
	ta->call->params[i].mem.slot = slot;
	ta->call->params[i].mem.offset = offset;
	ta->call->params[i].mem.size = size;
}

/* A TA with session 1 open */
struct ta ready(struct world *w, const char *uuid)
{
	struct ta ta = spawn(w, uuid);
	int64_t r = run(&ta, TAHOST_OP_LOAD);

	if (r)
		fail_msg("%s: result 0x%llx: %s", uuid, (long long)r, ta.call->message);
	assert_int_equal(ta.call->answer, TAHOST_DONE);
	assert_int_equal(run(&ta, TAHOST_OP_CREATE), 0);
	assert_int_equal(session_op(&ta, TAHOST_OP_OPEN, 1, 0, 0), 0);
	return ta;
}

int64_t map_piece(struct ta *ta, uint32_t slot, int fd, bool write, uint64_t offset, uint64_t size,
		  uint64_t at, uint64_t total)
{
	if (fd >= 0)
		assert_int_equal(fdsock_send(ta->instance, "m", 1, &fd, 1), 0);
	ta->call->map.slot = slot;
	ta->call->map.write = write;
	ta->call->map.size = size;
	ta->call->map.fd_offset = offset;
	ta->call->map.at = at;
	ta->call->map.total = total;
	return run(ta, TAHOST_OP_MAP);
}

int64_t map_fd(struct ta *ta, uint32_t slot, int fd, bool write, uint64_t offset, uint64_t size)
{
	return map_piece(ta, slot, fd, write, offset, size, 0, size);
}

/* SLOT_SIZE bytes in @slot of @ta; unmapped by the caller */
uint8_t *shared(struct ta *ta, uint32_t slot, bool write)
{
	void *addr;
	int fd;

	assert_int_equal(memfd_new_sealed("shared", SLOT_SIZE, &fd), 0);
	assert_int_equal(memfd_map(fd, 0, SLOT_SIZE, PROT_READ | PROT_WRITE, &addr), 0);
	assert_int_equal(map_fd(ta, slot, fd, write, 0, SLOT_SIZE), 0);
	close_fd(fd);
	return addr;
}
