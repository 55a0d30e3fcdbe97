/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mink objects
 *
 * An object is a function and a context. Whoever has it can invoke it; where it lives,
 * in this TA, in the trusted OS, in another TA or in the normal world, makes no
 * difference. The rules of references:
 *
 *  - an object that comes in as an argument is lent for the call: Object_retain() it to
 *    keep it;
 *  - an object that goes out is a new reference for the caller, who releases it;
 *  - when a method returns anything but Object_OK, nothing goes out.
 *
 * Arguments stand in the order input buffers, output buffers, input objects, output
 * objects; ObjectCounts says how many of each there are, at most 15.
 */
#ifndef MINK_OBJECT_H
#define MINK_OBJECT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef uint32_t ObjectOp;
typedef uint32_t ObjectCounts;
typedef void *ObjectCxt;
typedef union ObjectArg ObjectArg;
typedef int32_t (*ObjectInvoke)(ObjectCxt context, ObjectOp op, ObjectArg *args,
				ObjectCounts counts);

typedef struct Object {
	ObjectInvoke invoke;
	ObjectCxt context;
} Object;

typedef struct ObjectBuf {
	void *ptr;
	size_t size;
} ObjectBuf;

typedef struct ObjectBufIn {
	const void *ptr;
	size_t size;
} ObjectBufIn;

union ObjectArg {
	ObjectBuf b;	/* output: the size is the room, then what was written */
	ObjectBufIn bi;	/* input */
	Object o;
};

/* Results: from Object_ERROR_USERBASE up they belong to the interface, negative ones to
 * the transport. */
#define Object_OK 0
#define Object_ERROR 1
#define Object_ERROR_INVALID 2
#define Object_ERROR_SIZE_IN 3
#define Object_ERROR_SIZE_OUT 4
#define Object_ERROR_MEM 5
#define Object_ERROR_USERBASE 10
#define Object_ERROR_DEFUNCT (-90)
#define Object_ERROR_ABORT (-91)
#define Object_ERROR_BADOBJ (-92)
#define Object_ERROR_NOSLOTS (-93)
#define Object_ERROR_MAXARGS (-94)
#define Object_ERROR_MAXDATA (-95)
#define Object_ERROR_UNAVAIL (-96)
#define Object_ERROR_KMEM (-97)
#define Object_ERROR_REMOTE (-98)
#define Object_ERROR_BUSY (-99)
#define Object_ERROR_TIMEOUT (-103)

#define Object_isOK(err) ((err) == Object_OK)
#define Object_isERROR(err) ((err) != Object_OK)

/* Operations */
#define ObjectOp_METHOD_MASK ((ObjectOp)0x0000ffffu)
#define ObjectOp_methodID(op) ((op) & ObjectOp_METHOD_MASK)
#define ObjectOp_LOCAL ((ObjectOp)0x00008000u)
#define ObjectOp_isLocal(op) (((op) & ObjectOp_LOCAL) != 0)
#define ObjectOp_release ((ObjectOp)0x0000ffffu)
#define ObjectOp_retain ((ObjectOp)0x0000fffeu)
#define ObjectOp_MIN_USERMETHODID ((ObjectOp)0x0000u)
#define ObjectOp_MAX_USERMETHODID ((ObjectOp)0x3fffu)

/* Counts */
#define ObjectCounts_maxBI 0xfu
#define ObjectCounts_maxBO 0xfu
#define ObjectCounts_maxOI 0xfu
#define ObjectCounts_maxOO 0xfu
#define ObjectCounts_maxArgs \
	(ObjectCounts_maxBI + ObjectCounts_maxBO + ObjectCounts_maxOI + ObjectCounts_maxOO)
#define ObjectCounts_pack(bi, bo, oi, oo) \
	((ObjectCounts)((bi) | (bo) << 4 | (oi) << 8 | (oo) << 12))

#define ObjectCounts_numBI(k) ((size_t)((k) & 0xfu))
#define ObjectCounts_numBO(k) ((size_t)((k) >> 4 & 0xfu))
#define ObjectCounts_numOI(k) ((size_t)((k) >> 8 & 0xfu))
#define ObjectCounts_numOO(k) ((size_t)((k) >> 12 & 0xfu))
#define ObjectCounts_indexBI(k) ((size_t)0)
#define ObjectCounts_indexBO(k) (ObjectCounts_indexBI(k) + ObjectCounts_numBI(k))
#define ObjectCounts_indexOI(k) (ObjectCounts_indexBO(k) + ObjectCounts_numBO(k))
#define ObjectCounts_indexOO(k) (ObjectCounts_indexOI(k) + ObjectCounts_numOI(k))
#define ObjectCounts_total(k) (ObjectCounts_indexOO(k) + ObjectCounts_numOO(k))
#define ObjectCounts_numBuffers(k) ObjectCounts_indexOI(k)
#define ObjectCounts_numObjects(k) (ObjectCounts_numOI(k) + ObjectCounts_numOO(k))

#ifdef __cplusplus
#define Object_NULL (Object{ NULL, NULL })
#else
#define Object_NULL ((Object){ NULL, NULL })
#endif

static inline int Object_isNull(Object object)
{
	return object.invoke == NULL;
}

static inline int32_t Object_invoke(Object object, ObjectOp op, ObjectArg *args,
				    ObjectCounts counts)
{
	return object.invoke(object.context, op, args, counts);
}

/* Both accept the NULL object, for which they do nothing. */
static inline int32_t Object_release(Object object)
{
	if (Object_isNull(object))
		return Object_OK;
	return Object_invoke(object, ObjectOp_release, NULL, 0);
}

static inline int32_t Object_retain(Object object)
{
	if (Object_isNull(object))
		return Object_OK;
	return Object_invoke(object, ObjectOp_retain, NULL, 0);
}

/* Release what @where holds and leave the NULL object there. */
#define Object_RELEASE_IF(where) \
	do { \
		Object object_ = (where); \
		(where) = Object_NULL; \
		(void)Object_release(object_); \
	} while (0)
#define Object_ASSIGN_NULL(where) Object_RELEASE_IF(where)

/* Keep a reference to @what in @where, in place of what was there. */
#define Object_ASSIGN(where, what) \
	do { \
		Object old_ = (where); \
		(where) = (what); \
		(void)Object_retain(where); \
		(void)Object_release(old_); \
	} while (0)

#ifdef __cplusplus
}
#endif

#endif /* MINK_OBJECT_H */
