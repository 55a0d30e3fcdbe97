/* SPDX-License-Identifier: BSD-2-Clause */
#include "config.h"

#include <errno.h>
#include <getopt.h>
#include <ini.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "abi/front.h"
#include "base/runtime_dir.h"

#define MAX_THREADS 1024
#define MAX_CALLS 65536
#define MAX_TIMEOUT_MS 86400000
#define MAX_RAM_MIB 65536
#define MAX_SHM_MIB (1u << 30)
#define MAX_PROTECTED_MIB 768
#define MAX_STOP_TIMEOUT_MS (24 * 3600 * 1000)
#define MAX_TRAP_THREADS 65536

static const char usage[] =
	"Usage: swteed [OPTION]...\n"
	"Serve /dev/tee* devices to clients that run with the swtee shim.\n"
	"\n"
	"  --runtime DIR      directory of the device sockets (default " FRONT_SYSTEM_DIR ")\n"
	"  --instance NAME    the same as --runtime " FRONT_SYSTEM_DIR "-NAME\n"
	"  --state DIR        directory of persistent state (default RUNTIME/state)\n"
	"  --config FILE      configuration file\n"
	"  --ta-dir DIR       look for trusted applications here; may be repeated\n"
	"  --log-level LEVEL  error, warn (default), info or debug\n"
	"  --ready-fd N       write one byte to this descriptor when devices are there\n"
	"  --parent-fd N      end when this descriptor reaches end of file\n"
	"  --listener-fd N    do nothing but let calls of this seccomp listener through\n"
	"  --version          print the version and exit\n"
	"  --help             print this text and exit\n";

static uint64_t machine_memory(void)
{
	long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);

	return pages > 0 && page > 0 ? (uint64_t)pages * (uint64_t)page : 1ull << 32;
}

void config_init(struct config *config)
{
	*config = (struct config){
		.runtime_dir = FRONT_SYSTEM_DIR,
		.ready_fd = -1,
		.parent_fd = -1,
		.listener_fd = -1,
		.log_level = LOG_WARN,
		.stop_timeout_ms = 2000,
		.client_access.mode = CONFIG_MODE_UNSET,
		.priv_access.mode = CONFIG_MODE_UNSET,
		.optee_enabled = true,
		.optee_builtin_supplicant = true,
		.optee_threads = 16,
		.ram_mib = 256,
		.qtee_enabled = true,
		.qtee_calls = 256,
		.limits.max = {
			[USER_CONTEXTS] = 65536,
			[USER_THREADS] = 8192,
			[USER_SHM] = 262144,
			[USER_SHM_BYTES] = machine_memory() / 4,
			[USER_IN_PLACE] = 8192,
		},
		.protected_mib = 64,
		.trap_threads = 1024,
	};
}

void config_deinit(struct config *config)
{
	for (size_t i = 0; i < config->n_ta_dirs; i++)
		free(config->ta_dirs[i]);
	free(config->ta_dirs);
	free(config->state_dir);
	free(config->client_access.group);
	free(config->priv_access.group);
}

static int add_ta_dir(struct config *config, const char *dir, size_t len)
{
	char **dirs = realloc(config->ta_dirs, (config->n_ta_dirs + 1) * sizeof(char *));

	if (!dirs)
		return -ENOMEM;
	config->ta_dirs = dirs;
	dirs[config->n_ta_dirs] = strndup(dir, len);
	if (!dirs[config->n_ta_dirs])
		return -ENOMEM;
	config->n_ta_dirs++;
	return 0;
}

static int parse_number(const char *s, unsigned int min, unsigned int max, unsigned int *ret)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(s, &end, 10);
	if (errno || end == s || *end || value < min || value > max)
		return -EINVAL;
	*ret = (unsigned int)value;
	return 0;
}

static int parse_bool(const char *s, bool *ret)
{
	if (strcmp(s, "yes") && strcmp(s, "no"))
		return -EINVAL;
	*ret = !strcmp(s, "yes");
	return 0;
}

/* --- the file --- */

static int take_limit(struct user_limits *limits, const char *name, const char *value)
{
	static const struct {
		const char *name;
		enum user_slot slot;
		unsigned int unit, max;
	} keys[] = {
		{ "contexts", USER_CONTEXTS, 1, UINT_MAX },
		{ "threads", USER_THREADS, 1, UINT_MAX },
		{ "shm", USER_SHM, 1, UINT_MAX },
		{ "shm_mib", USER_SHM_BYTES, 1 << 20, MAX_SHM_MIB },
		{ "in_place", USER_IN_PLACE, 1, UINT_MAX },
	};
	unsigned int n;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (strcmp(name, keys[i].name))
			continue;
		if (parse_number(value, 0, keys[i].max, &n) < 0)
			return -EINVAL;
		limits->max[keys[i].slot] = (uint64_t)n * keys[i].unit;
		return 0;
	}
	return -ENOENT;
}

static int take_qtee_key(struct config *config, const char *name, const char *value)
{
	if (!strcmp(name, "enabled"))
		return parse_bool(value, &config->qtee_enabled);
	if (!strcmp(name, "calls"))
		return parse_number(value, 1, MAX_CALLS, &config->qtee_calls);
	if (!strcmp(name, "callback_timeout_ms"))
		return parse_number(value, 0, MAX_TIMEOUT_MS, &config->qtee_callback_timeout_ms);
	return -ENOENT;
}

static int take_swteed_key(struct config *config, const char *name, const char *value)
{
	enum log_level level;
	unsigned int ms;
	int r;

	if (!strcmp(name, "log_level")) {
		r = log_level_from_string(value, &level);
		if (r == 0 && !config->log_level_given)
			config->log_level = level;
		return r;
	}
	if (strcmp(name, "stop_timeout_ms"))
		return -ENOENT;
	if (!strcmp(value, "infinity")) {
		config->stop_timeout_ms = STOP_TIMEOUT_INFINITE;
		return 0;
	}
	r = parse_number(value, 0, MAX_STOP_TIMEOUT_MS, &ms);
	if (r == 0)
		config->stop_timeout_ms = (int)ms;
	return r;
}

static int take_group(char **group, const char *value)
{
	char *copy = strdup(value);

	if (!copy)
		return -ENOMEM;
	free(*group);
	*group = copy;
	return 0;
}

static int take_mode(mode_t *mode, const char *value)
{
	unsigned long n;
	char *end;

	errno = 0;
	n = strtoul(value, &end, 8);
	if (errno || end == value || *end || *value == '-' || n > 0777)
		return -EINVAL;
	*mode = (mode_t)n;
	return 0;
}

static int take_devices_key(struct config *config, const char *name, const char *value)
{
	struct config_access *access = &config->client_access;

	if (!strncmp(name, "priv_", 5)) {
		access = &config->priv_access;
		name += 5;
	}
	if (!strcmp(name, "group"))
		return take_group(&access->group, value);
	if (!strcmp(name, "mode"))
		return take_mode(&access->mode, value);
	return -ENOENT;
}

static int take_key(struct config *config, const char *section, const char *name,
		    const char *value)
{
	int r = 0;

	if (!strcmp(section, "swteed"))
		return take_swteed_key(config, name, value);
	if (!strcmp(section, "devices"))
		return take_devices_key(config, name, value);
	if (!strcmp(section, "limits"))
		return take_limit(&config->limits, name, value);
	if (!strcmp(section, "echo") && !strcmp(name, "enabled"))
		return parse_bool(value, &config->echo_enabled);
	if (!strcmp(section, "trap") && !strcmp(name, "threads"))
		return parse_number(value, 2, MAX_TRAP_THREADS, &config->trap_threads);
	if (!strcmp(section, "qtee"))
		return take_qtee_key(config, name, value);
	if (strcmp(section, "optee"))
		return -ENOENT;
	if (!strcmp(name, "enabled"))
		return parse_bool(value, &config->optee_enabled);
	if (!strcmp(name, "builtin_supplicant"))
		return parse_bool(value, &config->optee_builtin_supplicant);
	if (!strcmp(name, "threads"))
		return parse_number(value, 1, MAX_THREADS, &config->optee_threads);
	if (!strcmp(name, "ram_mib"))
		return parse_number(value, 8, MAX_RAM_MIB, &config->ram_mib);
	if (!strcmp(name, "protected_mib"))
		return parse_number(value, 0, MAX_PROTECTED_MIB, &config->protected_mib);
	if (!strcmp(name, "ta_dirs")) {
		while (*value && r == 0) {
			size_t len = strcspn(value, ":");

			if (len)
				r = add_ta_dir(config, value, len);
			value += len + (value[len] == ':');
		}
		return r;
	}
	return -ENOENT;
}

static int on_ini(void *data, const char *section, const char *name, const char *value)
{
	struct config *config = data;
	int r = take_key(config, section, name, value);

	if (r == -ENOENT)
		fprintf(stderr, "swteed: %s: there is no key '%s' in section [%s]; see swteed(8)\n",
			config->config_file, name, section);
	else if (r < 0)
		fprintf(stderr, "swteed: %s: '%s' is no value for '%s' in section [%s]; see "
			"swteed(8)\n", config->config_file, value, name, section);
	return r == 0;
}

static int read_file(struct config *config)
{
	int r;

	if (!config->config_file)
		return 0;
	r = ini_parse(config->config_file, on_ini, config);
	if (r < 0) {
		fprintf(stderr, "swteed: cannot read the configuration %s: %s\n",
			config->config_file, strerror(errno));
		return -EINVAL;
	}
	if (r > 0) {
		fprintf(stderr, "swteed: %s: line %d is wrong\n", config->config_file, r);
		return -EINVAL;
	}
	return 0;
}

static int on_ini_log_level(void *data, const char *section, const char *name,
			    const char *value)
{
	enum log_level *level = data;

	if (strcmp(section, "swteed") || strcmp(name, "log_level"))
		return 1;
	return log_level_from_string(value, level) == 0;
}

int config_read_log_level(const struct config *config, enum log_level *ret_level)
{
	/* One that no file can name: the file does not say. */
	enum log_level level = LOG_DEBUG + 1;

	if (!config->config_file || config->log_level_given)
		return -ENOENT;
	if (ini_parse(config->config_file, on_ini_log_level, &level) != 0) {
		log_error("cannot read log_level in section [swteed] of %s; it stays as it is",
			  config->config_file);
		return -EINVAL;
	}
	if (level > LOG_DEBUG)
		return -ENOENT;
	*ret_level = level;
	return 0;
}

/* --- the command line --- */

enum { OPT_RUNTIME = 256, OPT_INSTANCE, OPT_STATE, OPT_CONFIG, OPT_TA_DIR, OPT_LOG_LEVEL,
       OPT_READY_FD, OPT_PARENT_FD, OPT_LISTENER_FD, OPT_VERSION, OPT_HELP };

static const struct option options[] = {
	{ "runtime", required_argument, NULL, OPT_RUNTIME },
	{ "instance", required_argument, NULL, OPT_INSTANCE },
	{ "state", required_argument, NULL, OPT_STATE },
	{ "config", required_argument, NULL, OPT_CONFIG },
	{ "ta-dir", required_argument, NULL, OPT_TA_DIR },
	{ "log-level", required_argument, NULL, OPT_LOG_LEVEL },
	{ "ready-fd", required_argument, NULL, OPT_READY_FD },
	{ "parent-fd", required_argument, NULL, OPT_PARENT_FD },
	{ "listener-fd", required_argument, NULL, OPT_LISTENER_FD },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ "help", no_argument, NULL, OPT_HELP },
	{ 0 }
};

static int take_fd(const char *s, int *ret_fd)
{
	unsigned int fd;

	if (parse_number(s, 0, 1 << 20, &fd) < 0)
		return -EINVAL;
	*ret_fd = (int)fd;
	return 0;
}

/* 0, 1 for a printed help, negative when @opt's value is wrong. */
static int take_option(struct config *config, int opt)
{
	switch (opt) {
	case OPT_RUNTIME:
		config->runtime_dir = optarg;
		return 0;
	case OPT_INSTANCE:
		config->runtime_dir = config->instance_dir;
		return runtime_dir_of(FRONT_SYSTEM_DIR, optarg, config->instance_dir,
				      sizeof(config->instance_dir));
	case OPT_STATE:
		free(config->state_dir);
		config->state_dir = strdup(optarg);
		return config->state_dir ? 0 : -ENOMEM;
	case OPT_CONFIG:
		config->config_file = optarg;
		return 0;
	case OPT_TA_DIR:
		return add_ta_dir(config, optarg, strlen(optarg));
	case OPT_LOG_LEVEL:
		config->log_level_given = true;
		return log_level_from_string(optarg, &config->log_level);
	case OPT_READY_FD:
		return take_fd(optarg, &config->ready_fd);
	case OPT_PARENT_FD:
		return take_fd(optarg, &config->parent_fd);
	case OPT_LISTENER_FD:
		return take_fd(optarg, &config->listener_fd);
	case OPT_VERSION:
		puts("swteed " SWTEE_VERSION);
		return 1;
	case OPT_HELP:
		fputs(usage, stdout);
		return 1;
	default:
		return -EINVAL;
	}
}

int config_read(struct config *config, int argc, char **argv)
{
	int opt, index = 0, r;

	while ((opt = getopt_long(argc, argv, "", options, &index)) != -1) {
		if (opt == '?') {
			fputs("Try 'swteed --help'.\n", stderr);
			return -EINVAL;
		}
		r = take_option(config, opt);
		if (r == 1)
			return 1;
		if (r < 0) {
			fprintf(stderr, "swteed: '%s' is no value for --%s; try 'swteed --help'\n",
				optarg, options[index].name);
			return r;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "swteed: unexpected argument '%s'; try 'swteed --help'\n",
			argv[optind]);
		return -EINVAL;
	}
	r = read_file(config);
	if (r < 0)
		return r;
	if (!config->state_dir && asprintf(&config->state_dir, "%s/state",
					   config->runtime_dir) < 0) {
		config->state_dir = NULL;
		return -ENOMEM;
	}
	return 0;
}
