# SPDX-License-Identifier: BSD-2-Clause
global-incdirs-y += . ../include
srcs-y += rows_ta.c
