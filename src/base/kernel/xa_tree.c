/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tree covers the indices from 0 to what its root spans; a root has more than
 * a child in slot 0, and no node is empty. So its height follows the highest
 * index in use, and a walk down a present slot always ends at an entry.
 */
#include <linux/bitops.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#define XA_CHUNK_SHIFT 6
#define XA_CHUNK_SIZE (1U << XA_CHUNK_SHIFT)
#define XA_CHUNK_MASK (XA_CHUNK_SIZE - 1)

struct xa_node {
	struct xa_node *parent;
	/* Of the index: the bits that select a slot here start at this one */
	unsigned int shift;
	/* The slot of the parent that points here */
	unsigned int offset;
	/* Slots that are not NULL */
	u64 present;
	/* Slots below which no index is free */
	u64 full;
	/* Entries if shift is 0, else nodes */
	void *slots[XA_CHUNK_SIZE];
};

/* The highest index below a node that starts at 0; also a mask of the bits it spans */
static unsigned long node_max(const struct xa_node *node)
{
	unsigned int bits = node->shift + XA_CHUNK_SHIFT;

	return bits >= BITS_PER_LONG ? ULONG_MAX : (1UL << bits) - 1;
}

static unsigned int node_offset(const struct xa_node *node, unsigned long index)
{
	return (index >> node->shift) & XA_CHUNK_MASK;
}

static struct xa_node *node_new(unsigned int shift, gfp_t gfp)
{
	struct xa_node *node = kzalloc(sizeof(*node), gfp);

	if (!node)
		return NULL;
	node->shift = shift;
	/* Slots of the highest node whose indices would not fit an unsigned long */
	if (shift + XA_CHUNK_SHIFT > BITS_PER_LONG)
		node->full = ~0ULL << (BITS_PER_LONG - shift);
	return node;
}

static void node_attach(struct xa_node *parent, unsigned int offset, struct xa_node *child)
{
	child->parent = parent;
	child->offset = offset;
	parent->slots[offset] = child;
	parent->present |= BIT_ULL(offset);
	if (child->full == ~0ULL)
		parent->full |= BIT_ULL(offset);
}

static void set_root(struct xa_tree *tree, struct xa_node *node)
{
	WRITE_ONCE(tree->root, node);
}

/* Frees @node and the parents that become empty with it, then lowers the root */
static void prune(struct xa_tree *tree, struct xa_node *node)
{
	struct xa_node *root;

	while (node && !node->present) {
		struct xa_node *parent = node->parent;

		if (parent) {
			parent->slots[node->offset] = NULL;
			parent->present &= ~BIT_ULL(node->offset);
		} else {
			set_root(tree, NULL);
		}
		kfree(node);
		node = parent;
	}
	while ((root = tree->root) && root->shift && root->present == 1) {
		struct xa_node *child = root->slots[0];

		child->parent = NULL;
		set_root(tree, child);
		kfree(root);
	}
}

/* Makes the root span @index */
static int grow(struct xa_tree *tree, unsigned long index, gfp_t gfp)
{
	struct xa_node *node;

	if (!tree->root) {
		unsigned int shift = index ? (unsigned int)__fls(index) : 0;

		node = node_new(shift - shift % XA_CHUNK_SHIFT, gfp);
		if (!node)
			return -ENOMEM;
		set_root(tree, node);
	}
	while (index > node_max(tree->root)) {
		node = node_new(tree->root->shift + XA_CHUNK_SHIFT, gfp);
		if (!node)
			return -ENOMEM;
		node_attach(node, 0, tree->root);
		set_root(tree, node);
	}
	return 0;
}

/* The node of entries for @index, made if need be */
static struct xa_node *make_path(struct xa_tree *tree, unsigned long index, gfp_t gfp)
{
	struct xa_node *node;

	if (grow(tree, index, gfp)) {
		prune(tree, NULL);
		return NULL;
	}
	for (node = tree->root; node->shift;) {
		unsigned int offset = node_offset(node, index);
		struct xa_node *child = node->slots[offset];

		if (!child) {
			child = node_new(node->shift - XA_CHUNK_SHIFT, gfp);
			if (!child) {
				prune(tree, node);
				return NULL;
			}
			node_attach(node, offset, child);
		}
		node = child;
	}
	return node;
}

/* The node of entries for @index, or NULL */
static struct xa_node *find_path(const struct xa_tree *tree, unsigned long index)
{
	struct xa_node *node = tree->root;

	if (!node || index > node_max(node))
		return NULL;
	while (node && node->shift)
		node = node->slots[node_offset(node, index)];
	return node;
}

static void mark_full(struct xa_node *node, unsigned int offset)
{
	for (;;) {
		node->full |= BIT_ULL(offset);
		if (node->full != ~0ULL || !node->parent)
			return;
		offset = node->offset;
		node = node->parent;
	}
}

static void mark_not_full(struct xa_node *node, unsigned int offset)
{
	while (node && (node->full & BIT_ULL(offset))) {
		node->full &= ~BIT_ULL(offset);
		offset = node->offset;
		node = node->parent;
	}
}

void *xa_tree_load(const struct xa_tree *tree, unsigned long index)
{
	struct xa_node *node = find_path(tree, index);

	return node ? node->slots[node_offset(node, index)] : NULL;
}

static void *tree_erase(struct xa_tree *tree, unsigned long index)
{
	struct xa_node *node = find_path(tree, index);
	unsigned int offset;
	void *old;

	if (!node)
		return NULL;
	offset = node_offset(node, index);
	old = node->slots[offset];
	if (!old)
		return NULL;
	node->slots[offset] = NULL;
	node->present &= ~BIT_ULL(offset);
	mark_not_full(node, offset);
	prune(tree, node);
	return old;
}

int xa_tree_store(struct xa_tree *tree, unsigned long index, void *entry, gfp_t gfp,
		  void **ret_old)
{
	struct xa_node *node;
	unsigned int offset;

	if (!entry) {
		*ret_old = tree_erase(tree, index);
		return 0;
	}
	node = make_path(tree, index, gfp);
	if (!node)
		return -ENOMEM;
	offset = node_offset(node, index);
	*ret_old = node->slots[offset];
	node->slots[offset] = entry;
	if (!*ret_old) {
		node->present |= BIT_ULL(offset);
		mark_full(node, offset);
	}
	return 0;
}

/*
 * From @node up to the first node that has something behind the indices below
 * @node, the first of which goes to *@index; NULL at the end of the tree.
 */
static struct xa_node *leave(struct xa_node *node, unsigned long *index)
{
	bool last;

	*index = (*index | node_max(node)) + 1;
	do {
		last = node->offset == XA_CHUNK_MASK;
		node = node->parent;
	} while (node && last);
	return *index ? node : NULL;
}

/* Moves *@index to the start of slot @offset of @node, if that is ahead */
static void advance(const struct xa_node *node, unsigned long *index, unsigned int offset)
{
	if (offset != node_offset(node, *index))
		*index = (*index & ~node_max(node)) | ((unsigned long)offset << node->shift);
}

static void *find_entry(const struct xa_tree *tree, unsigned long *index, unsigned long max)
{
	struct xa_node *node = tree->root;

	if (!node || *index > node_max(node))
		return NULL;
	while (node) {
		u64 ahead = node->present & (~0ULL << node_offset(node, *index));
		void *slot;

		if (!ahead) {
			node = leave(node, index);
			continue;
		}
		advance(node, index, (unsigned int)__ffs64(ahead));
		if (*index > max)
			return NULL;
		slot = node->slots[node_offset(node, *index)];
		if (!node->shift)
			return slot;
		node = slot;
	}
	return NULL;
}

void *xa_tree_find(const struct xa_tree *tree, unsigned long *index, unsigned long max)
{
	unsigned long i = *index;

	while (i <= max) {
		void *entry = find_entry(tree, &i, max);

		if (!entry)
			return NULL;
		if (!xa_is_zero(entry)) {
			*index = i;
			return entry;
		}
		if (++i == 0)
			return NULL;
	}
	return NULL;
}

bool xa_tree_find_free(const struct xa_tree *tree, unsigned long min, unsigned long max,
		       unsigned long *ret_index)
{
	struct xa_node *node = tree->root;
	unsigned long index = min;

	if (node && index > node_max(node))
		node = NULL;
	while (node) {
		u64 ahead = ~node->full & (~0ULL << node_offset(node, index));

		if (!ahead) {
			node = leave(node, &index);
			if (!index)
				return false;
			continue;
		}
		advance(node, &index, (unsigned int)__ffs64(ahead));
		node = node->shift ? node->slots[node_offset(node, index)] : NULL;
	}
	*ret_index = index;
	return index >= min && index <= max;
}

void xa_tree_destroy(struct xa_tree *tree)
{
	struct xa_node *node = tree->root;

	while (node) {
		struct xa_node *parent = node->parent;

		if (node->shift && node->present) {
			unsigned int offset = (unsigned int)__ffs64(node->present);

			node->present &= ~BIT_ULL(offset);
			node = node->slots[offset];
			continue;
		}
		kfree(node);
		node = parent;
	}
	set_root(tree, NULL);
}
