/* SPDX-License-Identifier: BSD-2-Clause */
/* User memory of the current task */
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include <linux/slab.h>
#include <linux/uaccess.h>

unsigned long copy_from_user(void *to, const void __user *from, unsigned long n)
{
	struct task_struct *task = task_current();
	unsigned long left = n;

	if (task->uaccess && access_ok(from, n))
		left = task->uaccess->copy_from(task->uaccess_data, to, (unsigned long)from, n);
	if (left)
		memset((u8 *)to + (n - left), 0, left);
	return left;
}

unsigned long copy_to_user(void __user *to, const void *from, unsigned long n)
{
	struct task_struct *task = task_current();

	if (!task->uaccess || !access_ok(to, n))
		return n;
	return task->uaccess->copy_to(task->uaccess_data, (unsigned long)to, from, n);
}

unsigned long clear_user(void __user *to, unsigned long n)
{
	static const u8 zeros[256];

	while (n) {
		unsigned long part = n < sizeof(zeros) ? n : sizeof(zeros);
		unsigned long left = copy_to_user(to, zeros, part);

		n -= part - left;
		if (left)
			break;
		to = (u8 __user *)to + part;
	}
	return n;
}

void *memdup_user(const void __user *src, size_t len)
{
	void *p = kmalloc(len, GFP_KERNEL);

	if (!p)
		return ERR_PTR(-ENOMEM);
	if (copy_from_user(p, src, len)) {
		kfree(p);
		return ERR_PTR(-EFAULT);
	}
	return p;
}

/* --- this process as its own user --- */

static unsigned long inprocess_copy_from(void *data, void *to, unsigned long from, size_t n)
{
	struct iovec local = { .iov_base = to, .iov_len = n };
	struct iovec remote = { .iov_base = (void *)from, .iov_len = n };
	ssize_t got = process_vm_readv(getpid(), &local, 1, &remote, 1, 0);

	return n - (got > 0 ? (size_t)got : 0);
}

static unsigned long inprocess_copy_to(void *data, unsigned long to, const void *from, size_t n)
{
	struct iovec local = { .iov_base = (void *)from, .iov_len = n };
	struct iovec remote = { .iov_base = (void *)to, .iov_len = n };
	ssize_t put = process_vm_writev(getpid(), &local, 1, &remote, 1, 0);

	return n - (put > 0 ? (size_t)put : 0);
}

const struct uaccess_ops uaccess_inprocess_ops = {
	.copy_from = inprocess_copy_from,
	.copy_to = inprocess_copy_to,
};
