/* SPDX-License-Identifier: MIT
 *
 * service.c - the sample service: workers, a bursty thread, and the truth about both.
 *
 *   service [--seconds N] [--threads N] [--quiet]
 *
 * N CPU seconds of work are shared out to the phases of the table below.  At its end the service
 * prints what each phase really took, by the CPU clock of its thread, one `truth` line each; the
 * share is of the CPU time of the whole process.  Exit status 1 when a result was wrong.
 */
#include "service.h"

#include <dlfcn.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define THREADS_MAX    64
#define ROUND_NS       60000000u	/* CPU time of a round through all phases, on average */
#define BURST_SHARE    0.06		/* of all CPU time, by the bursty thread */
#define BURST_ON_NS    300000u
#define BURST_OFF_NS   700000u
#define BURST_STEP     8000		/* rounds of arithmetic between two looks at the clock */

static void *plugin_load(void);

static struct service_phase phases[] = {
	{ "request_parse", 0.13, request_create, request_parse, request_destroy },
	{ "request_hash", 0.18, request_create, request_hash, request_destroy },
	{ "index_sort", 0.15, store_create, index_sort, store_destroy },
	{ "tree_walk", 0.12, store_create, tree_walk, store_destroy },
	{ "shapes_measure", 0.08, shapes_create, shapes_measure, shapes_destroy },
	{ "plugin_render", 0.10, plugin_load, NULL, NULL },
	{ "response_compress", 0.19, response_create, response_compress, response_destroy },
	{ "log_write", 0.05, response_create, log_write, response_destroy },
};

#define PHASES (sizeof(phases) / sizeof(phases[0]))

struct worker {
	pthread_t thread;
	unsigned int number;
	uint64_t seed;
	uint64_t quota_ns;		/* of this worker, for all its phases */
	void *states[PHASES];
	uint64_t spent_ns[PHASES];	/* the truth */
	uint64_t checksums[PHASES];
	bool failed;
};

static struct {
	double seconds;
	unsigned int threads;
	bool quiet;
} options = { .seconds = 4, .threads = 2 };

static pthread_once_t plugin_once = PTHREAD_ONCE_INIT;
static struct {
	void *(*create)(void);
	uint64_t (*run)(void *state, uint64_t until_ns);
	void (*destroy)(void *state);
} plugin;

static uint64_t burst_spent_ns;

static void complain(const char *what, const char *why)
{
	fprintf(stderr, "service: %s: %s\n", what, why);
}

/* Beside the program, wherever that is. */
static void plugin_open(void)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 32);
	char *slash;
	void *object;

	path[n < 0 ? 0 : n] = '\0';
	slash = strrchr(path, '/');
	strcpy(slash ? slash + 1 : path, "service-plugin.so");
	object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!object) {
		complain("plugin", dlerror());
		return;
	}
	*(void **)&plugin.create = dlsym(object, "plugin_create");
	*(void **)&plugin.run = dlsym(object, "plugin_render");
	*(void **)&plugin.destroy = dlsym(object, "plugin_destroy");
}

static void *plugin_load(void)
{
	pthread_once(&plugin_once, plugin_open);
	return plugin.create && plugin.run && plugin.destroy ? plugin.create() : NULL;
}

static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* One phase until its quota for now is used, and how much that really was. */
SERVICE_FUNCTION static bool worker_serve(struct worker *worker, size_t i, uint64_t quota_ns)
{
	struct service_phase *phase = &phases[i];
	uint64_t (*run)(void *state, uint64_t until_ns);
	uint64_t start, sum;

	if (!worker->states[i])
		worker->states[i] = phase->create();
	if (!worker->states[i]) {
		complain(phase->name, "cannot be set up");
		return false;
	}
	run = phase->run ? phase->run : plugin.run;
	start = service_cpu_ns();
	sum = run(worker->states[i], start + quota_ns);
	worker->spent_ns[i] += service_cpu_ns() - start;
	if (!service_same(&worker->checksums[i], sum)) {
		complain(phase->name, "a result is wrong");
		return false;
	}
	return true;
}

/* Rounds of random length: no sampling period can fall into step with them. */
SERVICE_FUNCTION static void worker_rounds(struct worker *worker)
{
	bool busy = true;

	while (busy) {
		busy = false;
		for (size_t i = 0; i < PHASES; i++) {
			uint64_t all = (uint64_t)(phases[i].share * (double)worker->quota_ns);
			uint64_t part = (uint64_t)(phases[i].share * ROUND_NS);

			if (worker->spent_ns[i] >= all)
				continue;
			part = part / 2 + next_random(&worker->seed) % part;
			if (part > all - worker->spent_ns[i])
				part = all - worker->spent_ns[i];
			if (!worker_serve(worker, i, part)) {
				worker->failed = true;
				return;
			}
			busy = true;
		}
	}
}

static void *worker_main(void *argument)
{
	struct worker *worker = argument;
	char name[16];

	snprintf(name, sizeof(name), "worker-%u", worker->number);
	prctl(PR_SET_NAME, name);
	worker_rounds(worker);
	for (size_t i = 0; i < PHASES; i++)
		if (worker->states[i])
			(phases[i].destroy ? phases[i].destroy : plugin.destroy)(worker->states[i]);
	return NULL;
}

/* Work that the compiler must do and that touches no memory. */
SERVICE_FUNCTION static uint64_t burst_step(uint64_t value)
{
	for (int i = 0; i < BURST_STEP; i++)
		value = service_mix(value, (uint64_t)i);
	return value;
}

/* 0.3 ms of work, 0.7 ms of sleep: a sampler that looks at regular moments of wall time, or whose
 * clock starts anew with each burst, gets this thread wrong. */
SERVICE_FUNCTION static void burst_worker(uint64_t quota_ns)
{
	static const struct timespec off = { 0, BURST_OFF_NS };
	uint64_t start = service_cpu_ns(), now = start, value = 1;

	while (now - start < quota_ns) {
		uint64_t until = now + BURST_ON_NS;

		while (service_cpu_ns() < until)
			value = burst_step(value);
		nanosleep(&off, NULL);
		now = service_cpu_ns();
	}
	burst_spent_ns = now - start;
}

static void *burst_main(void *argument)
{
	prctl(PR_SET_NAME, "burst");
	burst_worker(*(uint64_t *)argument);
	return NULL;
}

static void print_truth(const struct worker *workers)
{
	struct timespec now;
	struct rusage usage;
	double total_ms;

	getrusage(RUSAGE_SELF, &usage);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	total_ms = (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
	for (size_t i = 0; i <= PHASES; i++) {
		double ms = i == PHASES ? (double)burst_spent_ns / 1e6 : 0;

		for (unsigned int j = 0; i < PHASES && j < options.threads; j++)
			ms += (double)workers[j].spent_ns[i] / 1e6;
		printf("truth phase=%s cpu_ms=%.3f share=%.2f\n",
		       i == PHASES ? "burst_worker" : phases[i].name, ms, 100 * ms / total_ms);
	}
	printf("truth total cpu_ms=%.3f user_ms=%.3f system_ms=%.3f threads=%u\n", total_ms,
	       (double)usage.ru_utime.tv_sec * 1e3 + (double)usage.ru_utime.tv_usec / 1e3,
	       (double)usage.ru_stime.tv_sec * 1e3 + (double)usage.ru_stime.tv_usec / 1e3,
	       options.threads + 2);
}

/* Every worker did the same work, so every worker must have found the same. */
static bool check_results(const struct worker *workers, uint64_t *ret_sum)
{
	*ret_sum = 1;
	for (size_t i = 0; i < PHASES; i++) {
		*ret_sum = service_mix(*ret_sum, workers[0].checksums[i]);
		for (unsigned int j = 0; j < options.threads; j++)
			if (workers[j].failed || workers[j].checksums[i] != workers[0].checksums[i])
				return false;
	}
	return true;
}

static int serve(void)
{
	static struct worker workers[THREADS_MAX];
	uint64_t burst_ns = (uint64_t)(options.seconds * BURST_SHARE * 1e9), sum;
	pthread_t burst;
	int r;

	r = pthread_create(&burst, NULL, burst_main, &burst_ns);
	for (unsigned int i = 0; r == 0 && i < options.threads; i++) {
		workers[i].number = i;
		workers[i].seed = 88172645463325252u + i * 0x9e3779b97f4a7c15u;
		workers[i].quota_ns = (uint64_t)(options.seconds * (1 - BURST_SHARE) * 1e9 /
						 options.threads);
		r = pthread_create(&workers[i].thread, NULL, worker_main, &workers[i]);
	}
	if (r) {
		complain("a thread cannot be started", strerror(r));
		return 1;
	}
	for (unsigned int i = 0; i < options.threads; i++)
		pthread_join(workers[i].thread, NULL);
	pthread_join(burst, NULL);
	if (!check_results(workers, &sum)) {
		complain("results", "the workers do not agree");
		return 1;
	}
	if (!options.quiet) {
		printf("service: %u workers served %.3g CPU seconds, checksum %016llx\n",
		       options.threads, options.seconds, (unsigned long long)sum);
		print_truth(workers);
	}
	return 0;
}

static void usage(FILE *to)
{
	fprintf(to, "usage: service [--seconds CPU_SECONDS] [--threads 1..%d] [--quiet]\n",
		THREADS_MAX);
}

static bool parse_options(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "seconds", required_argument, NULL, 's' },
		{ "threads", required_argument, NULL, 't' },
		{ "quiet", no_argument, NULL, 'q' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	char *end;
	int c;

	while ((c = getopt_long(argc, argv, "s:t:qh", longs, NULL)) != -1) {
		switch (c) {
		case 's':
			options.seconds = strtod(optarg, &end);
			if (*end || !(options.seconds > 0 && options.seconds <= 86400)) {
				complain("--seconds", "CPU seconds, above 0 and up to 86400, are wanted");
				return false;
			}
			break;
		case 't':
			options.threads = (unsigned int)strtoul(optarg, &end, 10);
			if (*end || options.threads < 1 || options.threads > THREADS_MAX) {
				complain("--threads", "a number from 1 to 64 is wanted");
				return false;
			}
			break;
		case 'q':
			options.quiet = true;
			break;
		case 'h':
			usage(stdout);
			exit(0);
		default:			/* getopt has said what is wrong */
			return false;
		}
	}
	if (optind < argc)
		complain(argv[optind], "no argument is wanted");
	return optind == argc;
}

int main(int argc, char **argv)
{
	if (!parse_options(argc, argv))
		return 2;
	return serve();
}
