/* SPDX-License-Identifier: MIT
 *
 * metrics.h - counters, gauges, histograms and spans of the program that is profiled.
 *
 * Part of <neuroprof/neuroprof.h>; include that.  No library is linked: when libneuroprof.so is not
 * preloaded, every handle is NULL, every call costs the branch that sees it, and nothing is kept.
 * When it is, values are kept in the process's spool: tools read them live and after a kill.
 *
 *	static struct neuroprof_metric *served, *request;	// once, e.g. at start-up
 *	served = neuroprof_counter("requests", "1", "route=/search");
 *	request = neuroprof_span("request");
 *	...
 *	uint64_t span = neuroprof_span_begin(request);		// every sample in here carries it
 *	serve();
 *	neuroprof_counter_add(served, 1);
 *	neuroprof_span_end(span);
 *
 * Names: [A-Za-z_][A-Za-z0-9_.]*, at most 63 characters.  Units: UCUM as OpenTelemetry uses it ("ns",
 * "By", "1", "{request}"), at most 15.  Labels: "key=value,key=value" or NULL, at most 127 characters;
 * the same name with other labels is another metric.  A wrong one gives NULL.
 *
 * Functions that return a handle: ordinary context, any thread, no lock and no allocation from the
 * heap; the same arguments give the same handle.  A handle is valid until the process ends, also in
 * its fork children, which count anew.  All others: any thread, no lock, no allocation; the first use
 * of a handle in a process makes its place, which may take some twenty system calls, and those after it
 * make none but the clock's.  None is for signal handlers.
 */
#ifndef NEUROPROF_METRICS_H
#define NEUROPROF_METRICS_H

#include <stddef.h>
#include <stdint.h>

/* Where FUNCTION of libneuroprof.so is; NULL without it.  Code for fixed addresses (-no-pie) takes a weak
 * function's address for a constant, and the linker makes that 0 for good: there the address comes from
 * the global offset table, as it does by itself in all other code. */
#if defined(__x86_64__) && !defined(__ILP32__) && !defined(__PIC__)
#define NEUROPROF_WEAK(function)                                                                   \
	__extension__({                                                                            \
		__typeof__(&function) neuroprof_at;                                                \
		__asm__(".weak " #function "\n\t{movq " #function "@GOTPCREL(%%rip), %0|mov %0, "    \
			"QWORD PTR " #function "@GOTPCREL[rip]}" : "=r"(neuroprof_at));            \
		neuroprof_at;                                                                      \
	})
#else
#define NEUROPROF_WEAK(function) (&function)
#endif

#ifdef __cplusplus
extern "C" {
#endif

struct neuroprof_metric;

enum neuroprof_kind {
	NEUROPROF_COUNTER = 1,		/* a sum that only grows */
	NEUROPROF_GAUGE = 2,		/* a value that goes up and down; the last one counts */
	NEUROPROF_HISTOGRAM = 3,	/* a distribution of whole numbers, quantiles within 1 % */
	NEUROPROF_SPAN = 4		/* a named piece of work: a histogram of its ns, and its samples */
};

#define NEUROPROF_TRACEPARENT_BYTES 56	/* "00-<32 hex>-<16 hex>-<2 hex>" and a NUL */

/* Exported by libneuroprof.so, weak; call the functions below instead. */
struct neuroprof_metric *neuroprof_metric_find(enum neuroprof_kind kind, const char *name,
	const char *unit, const char *labels) __attribute__((weak));
void neuroprof_metric_add(struct neuroprof_metric *counter, uint64_t add) __attribute__((weak));
void neuroprof_metric_set(struct neuroprof_metric *gauge, double value) __attribute__((weak));
void neuroprof_metric_shift(struct neuroprof_metric *gauge, double by) __attribute__((weak));
void neuroprof_metric_record(struct neuroprof_metric *histogram, uint64_t value)
	__attribute__((weak));
uint64_t neuroprof_span_enter(struct neuroprof_metric *span, const char *traceparent)
	__attribute__((weak));
void neuroprof_span_leave(uint64_t span) __attribute__((weak));
int neuroprof_span_traceparent(char text[NEUROPROF_TRACEPARENT_BYTES]) __attribute__((weak));

static __inline__ struct neuroprof_metric *neuroprof_handle(enum neuroprof_kind kind, const char *name,
	const char *unit, const char *labels)
{
	struct neuroprof_metric *(*call)(enum neuroprof_kind, const char *, const char *, const char *) =
		NEUROPROF_WEAK(neuroprof_metric_find);

	return call ? call(kind, name, unit, labels) : NULL;
}

static __inline__ struct neuroprof_metric *neuroprof_counter(const char *name, const char *unit,
	const char *labels)
{
	return neuroprof_handle(NEUROPROF_COUNTER, name, unit, labels);
}

static __inline__ void neuroprof_counter_add(struct neuroprof_metric *counter, uint64_t add)
{
	if (counter)
		NEUROPROF_WEAK(neuroprof_metric_add)(counter, add);
}

static __inline__ struct neuroprof_metric *neuroprof_gauge(const char *name, const char *unit,
	const char *labels)
{
	return neuroprof_handle(NEUROPROF_GAUGE, name, unit, labels);
}

static __inline__ void neuroprof_gauge_set(struct neuroprof_metric *gauge, double value)
{
	if (gauge)
		NEUROPROF_WEAK(neuroprof_metric_set)(gauge, value);
}

/* Add BY, which may be negative, to the gauge: queue depths, connections. */
static __inline__ void neuroprof_gauge_add(struct neuroprof_metric *gauge, double by)
{
	if (gauge)
		NEUROPROF_WEAK(neuroprof_metric_shift)(gauge, by);
}

static __inline__ struct neuroprof_metric *neuroprof_histogram(const char *name, const char *unit,
	const char *labels)
{
	return neuroprof_handle(NEUROPROF_HISTOGRAM, name, unit, labels);
}

static __inline__ void neuroprof_histogram_record(struct neuroprof_metric *histogram, uint64_t value)
{
	if (histogram)
		NEUROPROF_WEAK(neuroprof_metric_record)(histogram, value);
}

static __inline__ struct neuroprof_metric *neuroprof_span(const char *name)
{
	return neuroprof_handle(NEUROPROF_SPAN, name, "ns", NULL);
}

/* Begin a span on this thread, inside the one that is open there, if any.  Returns its id, unique in
 * the process, for neuroprof_span_end(); 0 when nothing is kept. */
static __inline__ uint64_t neuroprof_span_begin(struct neuroprof_metric *span)
{
	return span ? NEUROPROF_WEAK(neuroprof_span_enter)(span, NULL) : 0;
}

/* The same as part of a trace that came from elsewhere: TRACEPARENT is a W3C traceparent header.  A
 * damaged one begins a trace of its own. */
static __inline__ uint64_t neuroprof_span_begin_remote(struct neuroprof_metric *span,
	const char *traceparent)
{
	return span ? NEUROPROF_WEAK(neuroprof_span_enter)(span, traceparent) : 0;
}

/* End the span and every one that was begun inside it and not ended.  On another thread than the
 * one that began it: nothing happens. */
static __inline__ void neuroprof_span_end(uint64_t span)
{
	if (span)
		NEUROPROF_WEAK(neuroprof_span_leave)(span);
}

/* The W3C traceparent of the innermost open span, to be sent along with a request.  Returns 1, or 0
 * with an empty TEXT when there is none. */
static __inline__ int neuroprof_traceparent(char text[NEUROPROF_TRACEPARENT_BYTES])
{
	int (*call)(char *) = NEUROPROF_WEAK(neuroprof_span_traceparent);

	text[0] = '\0';
	return call ? call(text) : 0;
}

#ifdef __cplusplus
}

/* A span for as long as a block lasts: `neuroprof::scope request_scope(request);` */
namespace neuroprof
{
class scope
{
public:
	explicit scope(neuroprof_metric *span) : id(neuroprof_span_begin(span))
	{
	}
	~scope()
	{
		neuroprof_span_end(id);
	}

private:
	scope(const scope &);			/* neither is defined: a span ends once */
	scope &operator=(const scope &);
	uint64_t id;
};
}
#endif

#endif
