/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A fuzz target without a fuzzer: runs it over files, or all files of folders,
 * and over a number of mutations of each, always the same ones
 *
 *   fuzz_NAME [-n MUTATIONS] PATH...
 *
 * What breaks the target is written to standard error in hexadecimal.
 */
#include <dirent.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"

#undef MAX_INPUT
#define MAX_INPUT 65536u
#define DEFAULT_MUTATIONS 1000
/* Seconds for one input: it hangs, or is as good as that. */
#define INPUT_TIMEOUT 60

/* Both are of the sanitizers and of libFuzzer's interface; not in every build. */
extern __attribute__((weak)) void __sanitizer_set_death_callback(void (*callback)(void));
extern __attribute__((weak)) int LLVMFuzzerInitialize(int *argc, char ***argv);

static struct {
	const char *path;
	unsigned long mutation;		/* 0: the file itself */
	const uint8_t *data;
	size_t size;
} running;

static void put(const char *text, size_t len)
{
	if (write(STDERR_FILENO, text, len) < 0)
		_exit(2);
}

/* Only what a signal handler may call */
static void tell(void)
{
	static const char hex[] = "0123456789abcdef";
	char number[24];
	size_t n = sizeof(number);

	put("while running ", 14);
	put(running.path, strlen(running.path));
	number[--n] = '\n';
	for (unsigned long v = running.mutation; n > 0; v /= 10) {
		number[--n] = (char)('0' + v % 10);
		if (v < 10)
			break;
	}
	put(", mutation ", 11);
	put(number + n, sizeof(number) - n);
	for (size_t i = 0; i < running.size; i++) {
		char octet[2] = { hex[running.data[i] >> 4], hex[running.data[i] & 15] };

		put(octet, sizeof(octet));
	}
	put("\n", 1);
}

static void on_signal(int sig)
{
	tell();
	signal(sig, SIG_DFL);
	raise(sig);
}

static void catch_ends(void)
{
	signal(SIGABRT, on_signal);
	signal(SIGALRM, on_signal);
	if (__sanitizer_set_death_callback) {
		__sanitizer_set_death_callback(tell);
		return;
	}
	signal(SIGSEGV, on_signal);
	signal(SIGBUS, on_signal);
	signal(SIGFPE, on_signal);
	signal(SIGILL, on_signal);
}

static void die(const char *what, const char *which)
{
	fprintf(stderr, "%s: %s\n", which, what);
	exit(2);
}

/* A copy of exactly the size, so that a sanitizer sees who reads beyond it. */
static void run(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);

	if (!copy)
		die("out of memory", running.path);
	if (size)
		memcpy(copy, data, size);
	running.data = copy;
	running.size = size;
	alarm(INPUT_TIMEOUT);
	LLVMFuzzerTestOneInput(copy, size);
	alarm(0);
	free(copy);
}

/* --- mutations --- */

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static uint64_t hash(const uint8_t *data, size_t size)
{
	uint64_t h = 0xcbf29ce484222325;

	for (size_t i = 0; i < size; i++)
		h = (h ^ data[i]) * 0x100000001b3;
	return h | 1;
}

static size_t insert(uint8_t *data, size_t size, size_t at, const uint8_t *what, size_t n)
{
	if (n > MAX_INPUT - size)
		n = MAX_INPUT - size;
	memmove(data + at + n, data + at, size - at);
	memcpy(data + at, what, n);
	return size + n;
}

/* One change; returns the new size. */
static size_t mutate_once(uint8_t *data, size_t size, uint64_t *state)
{
	static const uint8_t edges[] = { 0, 1, 0x7f, 0x80, 0xfe, 0xff };
	uint64_t r = next_random(state);
	uint8_t chunk[16];
	size_t at, n;

	if (!size) {
		data[0] = (uint8_t)r;
		return 1;
	}
	at = (size_t)(r >> 16) % size;
	n = 1 + (size_t)(r >> 8) % sizeof(chunk);
	if (n > size - at)
		n = size - at;
	switch (r % 8) {
	case 0:
	case 1:
		data[at] ^= (uint8_t)(1u << (r >> 40) % 8);
		return size;
	case 2:
		data[at] = (uint8_t)(r >> 40);
		return size;
	case 3:
		data[at] = edges[(r >> 40) % sizeof(edges)];
		return size;
	case 4:
		data[at] = (uint8_t)(data[at] + (int)((r >> 40) % 9) - 4);
		return size;
	case 5:
		memmove(data + at, data + at + n, size - at - n);
		return size - n;
	case 6:
		memcpy(chunk, data + at, n);
		return insert(data, size, (size_t)(r >> 40) % (size + 1), chunk, n);
	default:
		for (size_t i = 0; i < n; i++)
			chunk[i] = (uint8_t)next_random(state);
		return insert(data, size, at, chunk, n);
	}
}

static void run_mutations(const uint8_t *seed, size_t size, unsigned long n)
{
	uint64_t state = hash(seed, size);
	uint8_t *data = malloc(MAX_INPUT);

	if (!data)
		die("out of memory", running.path);
	for (running.mutation = 1; running.mutation <= n; running.mutation++) {
		unsigned int changes = 1u << next_random(&state) % 5;
		size_t len = size;

		memcpy(data, seed, size);
		while (changes--)
			len = mutate_once(data, len, &state);
		run(data, len);
	}
	running.mutation = 0;
	free(data);
}

/* --- files --- */

static void run_file(const char *path, unsigned long n_mutations)
{
	static uint8_t data[MAX_INPUT];
	FILE *file = fopen(path, "rb");
	size_t size;

	if (!file)
		die("cannot be opened", path);
	size = fread(data, 1, sizeof(data), file);
	if (ferror(file) || !feof(file))
		die("cannot be read, or is longer than 64 KiB", path);
	fclose(file);
	running.path = path;
	running.mutation = 0;
	run(data, size);
	run_mutations(data, size, n_mutations);
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static unsigned int run_path(const char *path, unsigned long n_mutations)
{
	struct dirent **entries;
	unsigned int n_run = 0;
	struct stat st;
	int n;

	if (stat(path, &st) < 0)
		die("no such file or folder", path);
	if (!S_ISDIR(st.st_mode)) {
		run_file(path, n_mutations);
		return 1;
	}
	n = scandir(path, &entries, is_visible, alphasort);
	if (n < 0)
		die("cannot be listed", path);
	for (int i = 0; i < n; i++) {
		char name[4096];

		snprintf(name, sizeof(name), "%s/%s", path, entries[i]->d_name);
		n_run += run_path(name, n_mutations);
		free(entries[i]);
	}
	free(entries);
	return n_run;
}

int main(int argc, char **argv)
{
	unsigned long n_mutations = DEFAULT_MUTATIONS;
	unsigned int n = 0;
	int opt;

	if (LLVMFuzzerInitialize)
		LLVMFuzzerInitialize(&argc, &argv);
	while ((opt = getopt(argc, argv, "n:")) != -1) {
		if (opt != 'n')
			return 2;
		n_mutations = strtoul(optarg, NULL, 10);
	}
	catch_ends();
	for (int i = optind; i < argc; i++)
		n += run_path(argv[i], n_mutations);
	if (!n)
		die("no input was given; usage: [-n MUTATIONS] PATH...", argv[0]);
	printf("%u inputs, %lu mutations of each\n", n, n_mutations);
	return 0;
}
