/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scope-based cleanup, with the names and the meaning of the kernel's.
 * DEFINE_FREE(kfree, ...) stands in <linux/slab.h>.
 */
#ifndef BASE_KERNEL_LINUX_CLEANUP_H
#define BASE_KERNEL_LINUX_CLEANUP_H

#define DEFINE_FREE(_name, _type, _free) \
	static inline void __free_##_name(void *p) \
	{ \
		_type _T = *(_type *)p; \
		_free; \
	}

#define __free(_name) __attribute__((cleanup(__free_##_name)))

#define __get_and_null(p, nullvalue) \
	({ \
		__auto_type __ptr = &(p); \
		__auto_type __val = *__ptr; \
		*__ptr = nullvalue; \
		__val; \
	})

#define no_free_ptr(p) ((__typeof__(p))__get_and_null(p, NULL))
#define return_ptr(p) return no_free_ptr(p)

#define DEFINE_CLASS(_name, _type, _exit, _init, _init_args...) \
	typedef _type class_##_name##_t; \
	static inline void class_##_name##_destructor(_type *p) \
	{ \
		_type _T = *p; \
		_exit; \
	} \
	static inline _type class_##_name##_constructor(_init_args) \
	{ \
		_type t = _init; \
		return t; \
	}

#define CLASS(_name, var) \
	class_##_name##_t var __attribute__((cleanup(class_##_name##_destructor))) = \
		class_##_name##_constructor

#define DEFINE_GUARD(_name, _type, _lock, _unlock) \
	DEFINE_CLASS(_name, _type, if (_T) { _unlock; }, ({ _lock; _T; }), _type _T) \
	static inline void *class_##_name##_lock_ptr(class_##_name##_t *_T) \
	{ \
		return *_T; \
	}

#define __cleanup_paste2(a, b) a##b
#define __cleanup_paste(a, b) __cleanup_paste2(a, b)

#define guard(_name) \
	__attribute__((unused)) CLASS(_name, __cleanup_paste(__guard_, __COUNTER__))

#define scoped_guard(_name, args...) \
	for (CLASS(_name, scope)(args), *done = NULL; \
	     class_##_name##_lock_ptr(&scope) && !done; done = (void *)1)

#endif /* BASE_KERNEL_LINUX_CLEANUP_H */
