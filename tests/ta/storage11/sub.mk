# SPDX-License-Identifier: BSD-2-Clause
global-incdirs-y += ../storage ../include
srcs-y += ../storage/storage_ta.c
