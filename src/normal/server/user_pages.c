/* SPDX-License-Identifier: BSD-2-Clause */
#include "user_pages.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "abi/front.h"
#include "base/auto.h"
#include "machine/soc/memory.h"
#include "server.h"

/* As long as what a process registers can be (4 GiB) */
#define MAX_PAGES (1u << 20)

/* With its file, the caller's to close */
static int make_region(struct user_pages *pages, int *ret_fd)
{
	AUTO(close_fd) int fd = -1;
	struct stat st;
	int r;

	r = soc_region_new_named(pages->server->mem, pages->n_pages * SOC_PAGE_SIZE,
				 FRONT_PAGES_NAME, &pages->region);
	if (r < 0)
		return r;
	fd = soc_region_open_file(pages->region);
	if (fd < 0 || fstat(fd, &st) < 0) {
		pages->region = soc_region_free(pages->region);
		return -ENOMEM;
	}
	pages->ino = st.st_ino;
	*ret_fd = steal_fd(&fd);
	return 0;
}

static void enlist(struct user_pages *pages)
{
	struct process *process = pages->process;

	pthread_mutex_lock(&pages->server->lock);
	pages->next = process->pages;
	pages->prev = &process->pages;
	if (pages->next)
		pages->next->prev = &pages->next;
	process->pages = pages;
	pthread_mutex_unlock(&pages->server->lock);
}

int user_pages_new(struct server *server, struct caller *caller, const struct front_new_pages *req)
{
	AUTO(close_fd) int fd = -1;
	struct user_pages *pages;
	int r;

	if (req->n_pages == 0 || req->first > req->n_pages ||
	    req->n_own > req->n_pages - req->first)
		return -EINVAL;
	if (req->n_pages > MAX_PAGES)
		return -ENOMEM;
	pages = calloc(1, sizeof(*pages));
	if (!pages)
		return -ENOMEM;
	pages->server = server;
	pages->refs = 1;
	pages->n_pages = (size_t)req->n_pages;
	pages->first = (size_t)req->first;
	pages->n_own = (size_t)req->n_own;
	r = user_charge(&pages->charge, caller->process->user, USER_IN_PLACE, 1);
	if (r < 0)
		goto err_free;
	r = make_region(pages, &fd);
	if (r < 0)
		goto err_charge;
	pages->process = process_get(caller->process);
	enlist(pages);
	/* The reference is that of the client's mappings from here on. */
	r = shm_install_pages(server, caller, pages, fd);
	if (r == 0)
		soc_region_park_file(pages->region);
	else
		user_pages_put(pages);
	return r;

err_charge:
	user_charge_end(&pages->charge);
err_free:
	free(pages);
	return r;
}

struct user_pages *user_pages_get(struct process *process, uint64_t ino)
{
	struct user_pages *pages;

	pthread_mutex_lock(&process->server->lock);
	for (pages = process->pages; pages; pages = pages->next) {
		if (pages->ino == ino) {
			pages->refs++;
			break;
		}
	}
	pthread_mutex_unlock(&process->server->lock);
	return pages;
}

void user_pages_put(struct user_pages *pages)
{
	struct server *server = pages->server;
	bool last;

	pthread_mutex_lock(&server->lock);
	last = --pages->refs == 0;
	if (last) {
		*pages->prev = pages->next;
		if (pages->next)
			pages->next->prev = pages->prev;
	}
	pthread_mutex_unlock(&server->lock);
	if (!last)
		return;
	soc_region_free(pages->region);
	user_charge_end(&pages->charge);
	process_put(pages->process);
	free(pages);
}

bool user_pages_borrow(struct user_pages *pages)
{
	bool lent;

	pthread_mutex_lock(&pages->server->lock);
	lent = pages->lent;
	pages->lent = true;
	pthread_mutex_unlock(&pages->server->lock);
	return !lent;
}

void user_pages_give_back(struct user_pages *pages)
{
	pthread_mutex_lock(&pages->server->lock);
	pages->lent = false;
	pthread_mutex_unlock(&pages->server->lock);
}
