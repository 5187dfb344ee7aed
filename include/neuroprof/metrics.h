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

#ifdef __cplusplus
extern "C" {
#endif

struct neuroprof_metric;

enum neuroprof_kind {
	NEUROPROF_COUNTER = 1,		/* a sum that only grows */
	NEUROPROF_GAUGE = 2,		/* a value that goes up and down; the last one counts */
	NEUROPROF_HISTOGRAM = 3,	/* a distribution of whole numbers, quantiles within 1 % */
	NEUROPROF_SPAN = 4,		/* a named piece of work: a histogram of its ns, and its samples */
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

static inline struct neuroprof_metric *neuroprof_counter(const char *name, const char *unit,
	const char *labels)
{
	return neuroprof_metric_find
		       ? neuroprof_metric_find(NEUROPROF_COUNTER, name, unit, labels) : NULL;
}

static inline void neuroprof_counter_add(struct neuroprof_metric *counter, uint64_t add)
{
	if (counter)
		neuroprof_metric_add(counter, add);
}

static inline struct neuroprof_metric *neuroprof_gauge(const char *name, const char *unit,
	const char *labels)
{
	return neuroprof_metric_find
		       ? neuroprof_metric_find(NEUROPROF_GAUGE, name, unit, labels) : NULL;
}

static inline void neuroprof_gauge_set(struct neuroprof_metric *gauge, double value)
{
	if (gauge)
		neuroprof_metric_set(gauge, value);
}

/* Add BY, which may be negative, to the gauge: queue depths, connections. */
static inline void neuroprof_gauge_add(struct neuroprof_metric *gauge, double by)
{
	if (gauge)
		neuroprof_metric_shift(gauge, by);
}

static inline struct neuroprof_metric *neuroprof_histogram(const char *name, const char *unit,
	const char *labels)
{
	return neuroprof_metric_find
		       ? neuroprof_metric_find(NEUROPROF_HISTOGRAM, name, unit, labels) : NULL;
}

static inline void neuroprof_histogram_record(struct neuroprof_metric *histogram, uint64_t value)
{
	if (histogram)
		neuroprof_metric_record(histogram, value);
}

static inline struct neuroprof_metric *neuroprof_span(const char *name)
{
	return neuroprof_metric_find
		       ? neuroprof_metric_find(NEUROPROF_SPAN, name, "ns", NULL) : NULL;
}

/* Begin a span on this thread, inside the one that is open there, if any.  Returns its id, unique in
 * the process, for neuroprof_span_end(); 0 when nothing is kept. */
static inline uint64_t neuroprof_span_begin(struct neuroprof_metric *span)
{
	return span ? neuroprof_span_enter(span, NULL) : 0;
}

/* The same as part of a trace that came from elsewhere: TRACEPARENT is a W3C traceparent header.  A
 * damaged one begins a trace of its own. */
static inline uint64_t neuroprof_span_begin_remote(struct neuroprof_metric *span,
	const char *traceparent)
{
	return span ? neuroprof_span_enter(span, traceparent) : 0;
}

/* End the span and every one that was begun inside it and not ended.  On another thread than the
 * one that began it: nothing happens. */
static inline void neuroprof_span_end(uint64_t span)
{
	if (span)
		neuroprof_span_leave(span);
}

/* The W3C traceparent of the innermost open span, to be sent along with a request.  Returns 1, or 0
 * with an empty TEXT when there is none. */
static inline int neuroprof_traceparent(char text[NEUROPROF_TRACEPARENT_BYTES])
{
	text[0] = '\0';
	return neuroprof_span_traceparent ? neuroprof_span_traceparent(text) : 0;
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
	scope(const scope &) = delete;
	scope &operator=(const scope &) = delete;

private:
	uint64_t id;
};
}
#endif

#endif
