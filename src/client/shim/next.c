/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The functions behind ours
 *
 * They are looked up once, in the constructor: the search allocates and takes the
 * loader's lock, which a call from inside malloc() or a signal handler must not
 * do. Other libraries' constructors may call us earlier.
 */
#undef _FILE_OFFSET_BITS
#include "client/shim/shim.h"

#include <dlfcn.h>
#include <errno.h>

struct shim_next shim_next;

static _Thread_local bool finding __attribute__((tls_model("initial-exec")));

void *shim_find(const char *name)
{
	void *found;

	if (finding)
		return NULL;
	finding = true;
	found = dlsym(RTLD_NEXT, name);
	finding = false;
	return found;
}

__attribute__((constructor)) static void shim_init(void)
{
	int saved = errno;

#define X(type, name, args) \
	__atomic_store_n((void **)&shim_next.name, shim_find(#name), __ATOMIC_RELEASE);
	SHIM_NEXT_FUNCTIONS(X)
#undef X
	/* Before there are threads and signal handlers */
	(void)shim_active();
	errno = saved;
}

int shim_result(int r)
{
	if (r >= 0)
		return r;
	errno = -r;
	return -1;
}
