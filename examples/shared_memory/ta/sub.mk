# SPDX-License-Identifier: BSD-2-Clause
global-incdirs-y += include
srcs-y += shared_memory_ta.c
