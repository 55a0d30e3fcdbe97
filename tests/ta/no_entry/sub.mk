# SPDX-License-Identifier: BSD-2-Clause
global-incdirs-y += . ../include
srcs-y += no_entry_ta.c
