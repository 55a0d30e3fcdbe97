# SPDX-License-Identifier: BSD-2-Clause
global-incdirs-y += . ../include
srcs-y += missing_symbol_ta.c
