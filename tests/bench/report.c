/* SPDX-License-Identifier: BSD-2-Clause */
#include "report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_ENTRIES 64

struct report {
	unsigned int n;
	struct {
		const char *key;
		double value;
	} entries[MAX_ENTRIES];
};

struct report *report_new(void)
{
	return calloc(1, sizeof(struct report));
}

void report_free(struct report *report)
{
	free(report);
}

void report_add(struct report *report, const char *key, double value)
{
	if (value < 0 || report->n == MAX_ENTRIES)
		return;
	report->entries[report->n].key = key;
	report->entries[report->n++].value = value;
	fprintf(stderr, "  %-28s %12.1f\n", key, value);
}

double report_get(const struct report *report, const char *key)
{
	for (unsigned int i = 0; i < report->n; i++) {
		if (!strcmp(report->entries[i].key, key))
			return report->entries[i].value;
	}
	return -1;
}

/* A measurement against its floor, with what it should stay below. */
static void print_ratio(const struct report *report, const char *key, const char *floor, double max)
{
	double a = report_get(report, key), b = report_get(report, floor);

	if (a < 0 || b <= 0)
		return;
	printf("  %-28s %6.2f x %-20s (aim: <= %.2f)\n", key, a / b, floor, max);
}

void report_print(const struct report *report)
{
	printf("\n%-30s %12s\n", "key", "value");
	for (unsigned int i = 0; i < report->n; i++)
		printf("%-30s %12.1f\n", report->entries[i].key, report->entries[i].value);
	printf("\nratios of this run\n");
	print_ratio(report, "optee_invoke_pta_ns", "relay2_ns", 1.5);
	print_ratio(report, "optee_invoke_ta_ns", "relay3_ns", 1.5);
	print_ratio(report, "optee_invoke_1m_ns", "optee_invoke_ta_ns", 1.1);
	print_ratio(report, "invoke_per_s_2", "invoke_per_s_1", 2.0);
}

int report_write_json(const struct report *report, const char *path)
{
	FILE *f = fopen(path, "we");
	int r = 0;

	if (!f)
		return -errno;
	fprintf(f, "{\n");
	for (unsigned int i = 0; i < report->n; i++)
		fprintf(f, "  \"%s\": %.1f%s\n", report->entries[i].key, report->entries[i].value,
			i + 1 < report->n ? "," : "");
	fprintf(f, "}\n");
	if (ferror(f))
		r = -EIO;
	if (fclose(f) != 0)
		r = -errno;
	return r;
}
