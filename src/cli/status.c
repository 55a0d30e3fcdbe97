/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * swtee contexts, shm, sessions: what is open in an instance
 *
 * swteed says it in JSON; here it becomes a table, a column of which is as wide as its
 * widest cell.
 */
#include "cli/cli.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "abi/control.h"

#define MAX_COLUMNS 10
#define CELL_SIZE 96
#define GAP "  "

struct column {
	const char *title;
	/* Text of the cell in @buf, which is empty */
	void (*print)(struct json_object *row, char *buf, size_t size);
	bool number;	/* to the right */
};

struct view {
	const char *name;
	unsigned int what;
	struct column columns[MAX_COLUMNS];
};

/* --- cells --- */

static const char *get_string(struct json_object *o, const char *key)
{
	struct json_object *value;

	return json_object_object_get_ex(o, key, &value) && value ? json_object_get_string(value) :
								   "-";
}

static bool get_bool(struct json_object *o, const char *key)
{
	struct json_object *value;

	return json_object_object_get_ex(o, key, &value) && json_object_get_boolean(value);
}

static void append(char *buf, size_t size, const char *text)
{
	size_t len = strlen(buf);

	snprintf(buf + len, size - len, "%s%s", len ? "," : "", text);
}

#define TEXT_CELL(key) \
	static void print_##key(struct json_object *row, char *buf, size_t size) \
	{ \
		append(buf, size, get_string(row, #key)); \
	} \
	struct cell_semicolon_##key

TEXT_CELL(device);
TEXT_CELL(context);
TEXT_CELL(kind);
TEXT_CELL(uid);
TEXT_CELL(calls);
TEXT_CELL(sessions);
TEXT_CELL(shm);
TEXT_CELL(id);
TEXT_CELL(size);
TEXT_CELL(references);
TEXT_CELL(session);
TEXT_CELL(uuid);
TEXT_CELL(state);

static void print_age(struct json_object *row, char *buf, size_t size)
{
	struct json_object *value;
	long long s;

	if (!json_object_object_get_ex(row, "age_ms", &value)) {
		append(buf, size, "-");
		return;
	}
	s = json_object_get_int64(value) / 1000;
	if (s < 60)
		snprintf(buf, size, "%llds", s);
	else if (s < 3600)
		snprintf(buf, size, "%lldm%02llds", s / 60, s % 60);
	else
		snprintf(buf, size, "%lldh%02lldm", s / 3600, s % 3600 / 60);
}

static void print_processes(struct json_object *row, char *buf, size_t size)
{
	struct json_object *all, *o;
	char text[64];

	if (json_object_object_get_ex(row, "processes", &all)) {
		for (size_t i = 0; i < json_object_array_length(all); i++) {
			o = json_object_array_get_idx(all, i);
			snprintf(text, sizeof(text), "%s(%s)", get_string(o, "pid"),
				 get_string(o, "command"));
			append(buf, size, text);
		}
	}
	if (!*buf)
		append(buf, size, "-");
}

static void print_ended(struct json_object *row, char *buf, size_t size)
{
	append(buf, size, get_bool(row, "ended") ? "ended" : "open");
}

static void print_owner(struct json_object *row, char *buf, size_t size)
{
	append(buf, size, get_bool(row, "orphan") ? "orphan" : get_string(row, "context"));
}

static void print_system(struct json_object *row, char *buf, size_t size)
{
	append(buf, size, get_bool(row, "system") ? "yes" : "no");
}

static void print_holders(struct json_object *row, char *buf, size_t size)
{
	struct json_object *all, *o;
	char text[64];

	if (json_object_object_get_ex(row, "holders", &all)) {
		for (size_t i = 0; i < json_object_array_length(all); i++) {
			const char *count;

			o = json_object_array_get_idx(all, i);
			count = get_string(o, "count");
			snprintf(text, sizeof(text), "%s%s%s", get_string(o, "holder"),
				 strcmp(count, "1") ? ":" : "", strcmp(count, "1") ? count : "");
			append(buf, size, text);
		}
	}
	if (!*buf)
		append(buf, size, "-");
}

static void print_registered(struct json_object *row, char *buf, size_t size)
{
	append(buf, size, get_bool(row, "registered") ? "yes" : "no");
}

static const struct view views[] = {
	{ "contexts", CONTROL_GET_CONTEXTS, {
		{ "DEVICE", print_device },
		{ "CONTEXT", print_context, true },
		{ "KIND", print_kind },
		{ "UID", print_uid, true },
		{ "AGE", print_age, true },
		{ "CALLS", print_calls, true },
		{ "SESSIONS", print_sessions, true },
		{ "SHM", print_shm, true },
		{ "STATE", print_ended },
		{ "PROCESSES", print_processes },
	} },
	{ "shm", CONTROL_GET_SHM, {
		{ "DEVICE", print_device },
		{ "SHM", print_shm, true },
		{ "ID", print_id, true },
		{ "SIZE", print_size, true },
		{ "KIND", print_kind },
		{ "CONTEXT", print_owner, true },
		{ "REGISTERED", print_registered },
		{ "REFS", print_references, true },
		{ "HOLDERS", print_holders },
	} },
	{ "sessions", CONTROL_GET_SESSIONS, {
		{ "DEVICE", print_device },
		{ "CONTEXT", print_context, true },
		{ "SESSION", print_session, true },
		{ "TA", print_uuid },
		{ "SYSTEM", print_system },
		{ "STATE", print_state },
	} },
};

/* --- the table --- */

static size_t count_columns(const struct view *view)
{
	size_t n = 0;

	while (n < MAX_COLUMNS && view->columns[n].title)
		n++;
	return n;
}

static void print_line(const struct view *view, const int *widths, size_t n_columns,
		       struct json_object *row)
{
	for (size_t i = 0; i < n_columns; i++) {
		const struct column *column = &view->columns[i];
		char cell[CELL_SIZE] = "";
		bool last = i + 1 == n_columns;

		if (row)
			column->print(row, cell, sizeof(cell));
		else
			append(cell, sizeof(cell), column->title);
		printf("%s%*s", i ? GAP : "", column->number ? widths[i] : last ? 0 : -widths[i],
		       cell);
	}
	putchar('\n');
}

static void print_table(const struct view *view, struct json_object *list)
{
	size_t n_columns = count_columns(view), n_rows = json_object_array_length(list);
	int widths[MAX_COLUMNS];

	for (size_t i = 0; i < n_columns; i++) {
		widths[i] = (int)strlen(view->columns[i].title);
		for (size_t row = 0; row < n_rows; row++) {
			char cell[CELL_SIZE] = "";

			view->columns[i].print(json_object_array_get_idx(list, row), cell,
					       sizeof(cell));
			if ((int)strlen(cell) > widths[i])
				widths[i] = (int)strlen(cell);
		}
	}
	print_line(view, widths, n_columns, NULL);
	for (size_t row = 0; row < n_rows; row++)
		print_line(view, widths, n_columns, json_object_array_get_idx(list, row));
}

/* --- */

static int parse_args(int argc, char **argv, bool *ret_json)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	*ret_json = false;
	opterr = 0;
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c != 'j') {
			cli_error(0, "%s: unknown option '%s'; it knows only --json", argv[0],
				  argv[optind - 1]);
			return -EINVAL;
		}
		*ret_json = true;
	}
	if (optind < argc) {
		cli_error(0, "%s: '%s' is not expected here; usage: swtee %s [--json]", argv[0],
			  argv[optind], argv[0]);
		return -EINVAL;
	}
	return 0;
}

int cli_status(int argc, char **argv)
{
	const struct view *view = views;
	struct json_object *list;
	char dir[PATH_MAX];
	bool json;

	while (strcmp(view->name, argv[0]))
		view++;
	if (parse_args(argc, argv, &json) < 0 || cli_runtime_dir(NULL, dir) < 0)
		return EXIT_SWTEE;
	if (cli_status_get(dir, view->what, &list) < 0)
		return EXIT_FAILURE;
	if (json)
		puts(json_object_to_json_string_ext(list, JSON_C_TO_STRING_PRETTY));
	else
		print_table(view, list);
	json_object_put(list);
	return EXIT_SUCCESS;
}
