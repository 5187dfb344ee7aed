/* SPDX-License-Identifier: MIT
 *
 * hostile_metered.c - uses of metrics and spans that a careful program has not, and names from hell.
 *
 * Under the library.  Exits with 0 when everything answered as the header says, else names what did not.
 */
#include <neuroprof/neuroprof.h>

#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHECK(what)                                                                                \
	do {                                                                                       \
		if (!(what)) {                                                                     \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #what);                 \
			failures++;                                                                \
		}                                                                                  \
	} while (0)

static int failures;
static struct neuroprof_metric *span, *inner;
static jmp_buf out;

static int is_inside(void)
{
	char trace[NEUROPROF_TRACEPARENT_BYTES];

	return neuroprof_traceparent(trace);
}

static void try_names(void)
{
	static const char *const wrong[] = { "", "1a", "a b", "a-b", "a\n", "\303\251", ".a", "a{", NULL };
	char long_name[65], long_labels[129], labels[128];
	struct neuroprof_metric *first;

	for (int i = 0; wrong[i]; i++)
		CHECK(!neuroprof_counter(wrong[i], "1", NULL));
	CHECK(!neuroprof_counter(NULL, "1", NULL));
	memset(long_name, 'a', 64);
	long_name[64] = '\0';
	CHECK(!neuroprof_counter(long_name, "1", NULL));
	CHECK(neuroprof_counter(long_name + 1, "1", NULL));
	memset(long_labels, '=', 128);
	long_labels[128] = '\0';
	CHECK(!neuroprof_counter("labels", "1", long_labels));
	CHECK(!neuroprof_counter("unit", "sixteen bytes...", NULL));
	for (int i = 0; i < 127; i++)
		labels[i] = (char)(i + 1);	/* every byte but NUL, in two */
	labels[127] = '\0';
	first = neuroprof_counter("bytes", "1", labels);
	CHECK(first && first == neuroprof_counter("bytes", "1", labels));
	neuroprof_counter_add(first, 1);
	for (int i = 0; i < 127; i++)
		labels[i] = (char)(i + 129);
	labels[126] = '\0';
	neuroprof_counter_add(neuroprof_counter("bytes", "1", labels), 2);
	neuroprof_counter_add(neuroprof_counter("keys", "1", "k=1,k=2,=3,9x=4,bad key=5,quantile=6,x"), 3);
	neuroprof_histogram_record(neuroprof_histogram("sizes", "ns", "quantile=0.5"), 7);
	neuroprof_counter_add(neuroprof_counter("sizes_count", "1", NULL), 4);
	neuroprof_counter_add(neuroprof_counter("same", "1", NULL), 5);
	neuroprof_gauge_set(neuroprof_gauge("same", "\033[2J", NULL), NAN);
	neuroprof_counter_add(neuroprof_counter("dot.ted", "1", NULL), 6);
	neuroprof_counter_add(neuroprof_counter("dot_ted", "1", NULL), 7);
	neuroprof_counter_add(neuroprof_counter("dot_ted_total", "1", NULL), 8);
	neuroprof_gauge_set(neuroprof_gauge("endless", "1", NULL), -INFINITY);
}

static void try_null(void)
{
	neuroprof_counter_add(NULL, 1);
	neuroprof_gauge_set(NULL, 1);
	neuroprof_gauge_add(NULL, 1);
	neuroprof_histogram_record(NULL, 1);
	CHECK(neuroprof_span_begin(NULL) == 0);
	neuroprof_span_end(0);
	neuroprof_span_end(12345);
	/* Of another kind than the call: nothing. */
	neuroprof_counter_add(span, 1);
	neuroprof_gauge_set(span, 1);
	CHECK(neuroprof_span_begin(neuroprof_counter("same", "1", NULL)) == 0);
}

static void try_traces(void)
{
	static const char good[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
	char damaged[sizeof(good) + 1], trace[NEUROPROF_TRACEPARENT_BYTES];

	for (size_t at = 0; at < sizeof(good); at++) {
		static const char wrong[] = { '\0', 'g', 'A', ' ', (char)0xff, '-' };

		for (size_t k = 0; k < sizeof(wrong); k++) {
			uint64_t id;

			memcpy(damaged, good, sizeof(good));
			damaged[sizeof(good)] = '\0';
			damaged[at] = wrong[k];
			id = neuroprof_span_begin_remote(span, damaged);
			CHECK(id && neuroprof_traceparent(trace) == 1 && strlen(trace) == 55);
			neuroprof_span_end(id);
		}
	}
}

static void leave_by_longjmp(void)
{
	neuroprof_span_begin(inner);
	neuroprof_span_begin(inner);
	longjmp(out, 1);
}

static void *end_of_another(void *id)
{
	neuroprof_span_end(*(uint64_t *)id);
	neuroprof_span_begin(inner);		/* and the thread ends with it open */
	return NULL;
}

static void try_ends(void)
{
	uint64_t id = neuroprof_span_begin(span), second;
	pthread_t thread;

	if (setjmp(out) == 0)
		leave_by_longjmp();
	CHECK(is_inside());
	pthread_create(&thread, NULL, end_of_another, &id);
	pthread_join(thread, NULL);
	CHECK(is_inside());
	neuroprof_span_end(id);			/* with the two inside */
	CHECK(!is_inside());
	neuroprof_span_end(id);
	second = neuroprof_span_begin(span);
	neuroprof_span_end(id);			/* again, inside another one */
	CHECK(is_inside());
	neuroprof_span_end(second);
	CHECK(!is_inside());
}

/* Begun and never ended, more than are kept: the outermost still ends all of them. */
static void try_depth(void)
{
	uint64_t outermost = neuroprof_span_begin(span);

	for (int i = 0; i < 100; i++)
		neuroprof_span_begin(inner);
	neuroprof_span_end(outermost);
	CHECK(!is_inside());
	CHECK(neuroprof_span_begin(span) != 0);
}

static void try_fork(void)
{
	uint64_t id = neuroprof_span_begin(span);
	int status = -1;
	pid_t child = fork();

	if (child == 0) {
		CHECK(!is_inside());		/* its frames are the parent's */
		neuroprof_span_end(id);
		id = neuroprof_span_begin(span);
		CHECK(id && is_inside());
		neuroprof_span_end(id);
		_exit(failures);
	}
	waitpid(child, &status, 0);
	CHECK(status == 0 && is_inside());
	neuroprof_span_end(id);
}

/* More names than there is room for: the first ones stay, the others are none. */
static void try_many(void)
{
	struct neuroprof_metric *known = neuroprof_counter("same", "1", NULL);
	int none = 0;

	for (int i = 0; i < 5000; i++) {
		char name[32];

		snprintf(name, sizeof(name), "many_%d", i);
		none += neuroprof_counter(name, "1", NULL) == NULL;
	}
	CHECK(none > 3900 && none < 4990);
	CHECK(known == neuroprof_counter("same", "1", NULL));
}

static void count_in_handler(int number)
{
	(void)number;
	neuroprof_counter_add(neuroprof_counter("signals", "1", NULL), 1);	/* not allowed; harmless */
}

int main(int argc, char **argv)
{
	signal(SIGUSR1, count_in_handler);
	span = neuroprof_span("request");
	inner = neuroprof_span("inner");
	if (argc > 1) {				/* only what comes out as a file */
		try_names();
		return failures;
	}
	CHECK(span && inner);
	raise(SIGUSR1);
	try_names();
	try_null();
	try_traces();
	try_ends();
	try_depth();
	try_fork();
	try_many();
	if (failures == 0) {
		execl("/bin/true", argv[0], NULL);	/* inside a span */
		failures++;
	}
	return failures;
}
