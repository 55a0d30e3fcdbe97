/* SPDX-License-Identifier: BSD-2-Clause */
/* What was measured: a table for people, a flat JSON object for programs */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

struct report;

struct report *report_new(void);
void report_free(struct report *report);

/* @key is not copied. A negative @value means "not measured" and is left out. */
void report_add(struct report *report, const char *key, double value);

/* The value of @key, or -1. */
double report_get(const struct report *report, const char *key);

void report_print(const struct report *report);

/* 0 or a negative errno. */
int report_write_json(const struct report *report, const char *path);

#endif /* BENCH_REPORT_H */
