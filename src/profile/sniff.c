/* SPDX-License-Identifier: MIT
 *
 * sniff.c - telling formats apart.  Context: tools; HEAD is untrusted.
 */
#include "profile/sniff.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "profile/perf_script_line.h"

#define FOREIGN(w, t) ((struct np_sniff){NP_FORMAT_FOREIGN, w, t})

struct magic {
	const char *bytes;
	unsigned length;
	const char *what, *todo;
};

static const struct magic magics[] = {
	{"NPSPOOL", 8, "is a spool, not yet a profile", "run neuroprof-fold on it"},
	{"\177ELF", 4, "is a program or library", "profile it: neuroprof record -- PROGRAM"},
	{"PERFILE2", 8, "is perf.data",
	 "give the text of it: perf script -i FILE"},
	{"2ELIFREP", 8, "is perf.data of another byte order",
	 "give the text of it: perf script -i FILE"},
	{"FLR\0", 4, "is a Java flight recording", "convert it: jfrconv -o collapsed"},
	{"\x28\xb5\x2f\xfd", 4, "is packed by zstd", "unpack it: zstd -d"},
	{"\xfd" "7zXZ\0", 6, "is packed by xz", "unpack it: xz -d"},
	{"BZh", 3, "is packed by bzip2", "unpack it: bzip2 -d"},
	{"PK\003\004", 4, "is a zip archive", "unpack it and name the profile in it"},
	{"\x1f\x8b\x08", 3, "is packed by gzip twice", "unpack it once: gzip -d"},
	{"\xff\xfe", 2, "is UTF-16 text", "convert it: iconv -f UTF-16 -t UTF-8"},
	{"\xfe\xff", 2, "is UTF-16 text", "convert it: iconv -f UTF-16 -t UTF-8"},
	{"%PDF-", 5, "is a PDF document", "give the profile that it was made from"},
	{"\x89PNG", 4, "is a picture", "give the profile that it was made from"},
	{"# callgrind format", 18, "is a callgrind profile", "open it with callgrind_annotate"},
	{"version: 1\ncreator: callgrind-", 30, "is a callgrind profile",
	 "open it with callgrind_annotate"},
	{"\x04\x22\x4d\x18", 4, "is packed by lz4", "unpack it: lz4 -d"},
	{"JAVA PROFILE 1.0", 16, "is a Java heap dump", "open it in a heap analyser"},
	{"gmon\1", 5, "is a gprof profile", "look at it with gprof PROGRAM gmon.out"},
	{"Flat profile:", 13, "is gprof's report", "give a profile: neuroprof record -- PROGRAM"},
	{"--- symbol\n", 11, "is a gperftools profile with its symbols",
	 "convert it: go tool pprof -proto FILE > FILE.pb.gz"},
	{"--- profile\n", 12, "is a gperftools profile",
	 "convert it: go tool pprof -proto PROGRAM FILE > FILE.pb.gz"},
	{"heap profile:", 13, "is a heap profile of gperftools or Go, as text",
	 "convert it: go tool pprof -proto PROGRAM FILE > FILE.pb.gz"},
	{"desc: --massif-", 15, "is a massif profile", "open it with ms_print"},
	{"Analysis of sampling ", 21, "is the text of macOS's sample",
	 "fold it: inferno-collapse-sample"},
	{"@[\n", 3, "is bpftrace's text", "fold it: stackcollapse-bpftrace.pl"},
	{"# To display the perf.data header info", 38, "is perf report's text",
	 "give the text of perf script instead: perf script -i perf.data"},
};

#define TAR_MAGIC_AT 257u

static bool contains(const char *head, size_t size, const char *text)
{
	return memmem(head, size, text, strlen(text)) != NULL;
}

/* Blank lines, then "              module`function+0x12". */
static bool is_dtrace(const char *head, size_t size)
{
	const char *end;
	size_t length;

	while (size > 0 && *head == '\n') {
		head++;
		size--;
	}
	end = memchr(head, '\n', size);
	length = end ? (size_t)(end - head) : 0;
	return length > 4 && memcmp(head, "  ", 2) == 0 && memchr(head, '`', length) &&
	       memmem(head, length, "+0x", 3);
}

/* Known by more than how it begins. */
static bool is_other_text(const char *head, size_t size, struct np_sniff *ret)
{
	if (size > TAR_MAGIC_AT + 5 && memcmp(head + TAR_MAGIC_AT, "ustar", 5) == 0)
		*ret = FOREIGN("is a tar archive", "unpack it and name the profile in it");
	else if (size > 5 && memcmp(head, "desc:", 5) == 0 && contains(head, size, "\nevents:"))
		*ret = FOREIGN("is a cachegrind profile", "open it with cg_annotate");
	else if (size >= 16 && memcmp(head, "go 1.", 5) == 0 && memmem(head, 16, " trace\0", 7))
		*ret = FOREIGN("is a Go execution trace", "open it with go tool trace");
	else if (is_dtrace(head, size))
		*ret = FOREIGN("is dtrace's text", "fold it: stackcollapse.pl, or inferno-collapse-dtrace");
	else
		return false;
	return true;
}

static size_t skip_space(const char *head, size_t size, size_t at)
{
	while (at < size && memchr(" \t\r\n", head[at], 4))
		at++;
	return at;
}

static bool is_json(const char *head, size_t size)
{
	size_t first = skip_space(head, size, 0), second;

	if (first == size || (head[first] != '{' && head[first] != '['))
		return false;
	second = skip_space(head, size, first + 1);
	if (second == size)
		return false;
	/* "{closure};f 1" and "[unknown];f 1" are folded stacks. */
	return head[second] == '"' || (head[first] == '[' && head[second] == '{');
}

static struct np_sniff which_json(const char *head, size_t size)
{
	if (contains(head, size, "speedscope.app/file-format-schema"))
		return FOREIGN("is a speedscope profile",
			       "open it in speedscope, or export folded stacks or pprof instead");
	if (contains(head, size, "\"traceEvents\""))
		return FOREIGN("is a Chrome trace", "open it in Perfetto; it has no stack counts");
	if (contains(head, size, "preprocessedProfileVersion") ||
	    contains(head, size, "\"stackTable\""))
		return FOREIGN("is a Firefox profile", "open it in profiler.firefox.com");
	if (contains(head, size, "\"timeDeltas\"") || contains(head, size, "\"hitCount\""))
		return FOREIGN("is a V8 CPU profile", "open it in Chrome's developer tools or speedscope");
	return FOREIGN("is JSON", "give folded stacks or pprof");
}

static bool is_markup(const char *head, size_t size)
{
	static const char *const starts[] = {"<?xml", "<svg", "<!doctype", "<html", "<!--"};
	size_t at = skip_space(head, size, 0);

	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		if (size - at >= strlen(starts[i]) &&
		    strncasecmp(head + at, starts[i], strlen(starts[i])) == 0)
			return true;
	return false;
}

/* gperftools' raw CPU profile: words 0, 3, 0, period in microseconds, 0. */
static bool is_gperftools(const char *head, size_t size)
{
	uint64_t wide[5];
	uint32_t narrow[5];

	if (size >= sizeof(wide)) {
		memcpy(wide, head, sizeof(wide));
		if (wide[0] == 0 && wide[1] == 3 && wide[2] == 0 && wide[3] > 0 && wide[4] == 0)
			return true;
	}
	if (size < sizeof(narrow))
		return false;
	memcpy(narrow, head, sizeof(narrow));
	return narrow[0] == 0 && narrow[1] == 3 && narrow[2] == 0 && narrow[3] > 0 &&
	       narrow[4] == 0;
}

/* The first line that is no comment is a sample's header. */
static bool is_perf_script(const char *head, size_t size)
{
	struct np_perf_header header;
	struct np_perf_frame frame;
	const char *end;

	for (unsigned i = 0; i < 500 && (end = memchr(head, '\n', size)) != NULL; i++) {
		size_t length = (size_t)(end - head);

		if (length > 0 && head[0] == '\t' && head[length - 1] == ')' &&
		    np_perf_frame_parse(head, length, &frame))
			return true;
		if (length > 0 && head[0] != '#' && np_perf_header_parse(head, length, &header) &&
		    (header.event.length > 0 || header.has_time))
			return true;
		size -= (size_t)(end + 1 - head);
		head = end + 1;
	}
	return false;
}

static bool varint(const unsigned char *bytes, size_t size, size_t *at, uint64_t *ret)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 64 && *at < size; shift += 7) {
		unsigned char byte = bytes[(*at)++];

		value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80) {
			*ret = value;
			return true;
		}
	}
	return false;
}

/* Do the top-level fields read as a profile.proto, up to the end of what we have? */
static bool is_pprof(const char *head, size_t size, bool is_whole)
{
	static const char wire_types[16] = {	/* 'L' bytes, 'V' varint, '*' either (packed or not) */
		0, 'L', 'L', 'L', 'L', 'L', 'L', 'V', 'V', 'V', 'V', 'L', 'V', '*', 'V', 'V'};
	const unsigned char *bytes = (const unsigned char *)head;
	bool has_type = false;
	size_t at = 0;

	while (at < size) {
		uint64_t tag, value;
		char wire;

		if (!varint(bytes, size, &at, &tag) || tag >> 3 == 0 || tag >> 3 > 15)
			return false;
		wire = (tag & 7) == 2 ? 'L' : (tag & 7) == 0 ? 'V' : 0;
		if (wire == 0 || (wire_types[tag >> 3] != wire && wire_types[tag >> 3] != '*'))
			return false;
		if (!varint(bytes, size, &at, &value))
			return !is_whole && size - at == 0 && has_type;
		if (wire == 'V')
			continue;
		/* A value type's first byte is a control character: no text starts so. */
		if (tag >> 3 == 1 && value <= 22 &&
		    (value == 0 || (at < size && (bytes[at] == 0x08 || bytes[at] == 0x10))))
			has_type = true;
		if (value > size - at)
			return !is_whole && has_type;
		at += value;
	}
	return has_type;
}

/* Is the very first line a record?  Then it is folded, whatever its first name looks like: a
 * function may well be called BZh.  Binary formats have no such line, text formats start with words. */
static bool starts_with_record(const char *head, size_t size)
{
	const char *end = memchr(head, '\n', size);
	size_t length = end ? (size_t)(end - head) : size, digits = 0;

	while (length > 0 && memchr(" \t\r", head[length - 1], 3))
		length--;
	while (length > 0 && head[length - 1] >= '0' && head[length - 1] <= '9') {
		length--;
		digits++;
	}
	return digits > 0 && length > 1 && (head[length - 1] == ' ' || head[length - 1] == '\t') &&
	       head[0] != '#' && !(length > 5 && memcmp(head, "desc:", 5) == 0) && !memchr(head, '\0', length) &&
	       !(length == 9 && memcmp(head, "version: ", 9) == 0);
}

struct np_sniff np_sniff(const void *bytes, size_t size, bool is_whole)
{
	struct np_sniff other;
	const char *head = bytes;

	if (!head || size == 0)
		return FOREIGN("is empty", "was anything sampled? a profile has a stack or more");
	if (starts_with_record(head, size))
		return (struct np_sniff){.format = NP_FORMAT_FOLDED};
	for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++)
		if (size >= magics[i].length &&
		    memcmp(head, magics[i].bytes, magics[i].length) == 0)
			return FOREIGN(magics[i].what, magics[i].todo);
	if (is_other_text(head, size, &other))
		return other;
	if (is_pprof(head, size, is_whole))
		return (struct np_sniff){.format = NP_FORMAT_PPROF};
	if (is_gperftools(head, size))
		return FOREIGN("is a raw gperftools CPU profile",
			       "convert it: go tool pprof -proto PROGRAM FILE > FILE.pb.gz");
	if (is_json(head, size))
		return which_json(head, size);
	if (is_markup(head, size))
		return contains(head, size, "<svg") ?
			FOREIGN("is a picture (SVG)", "give the profile that it was made from") :
			FOREIGN("is a web page or XML", "give the profile that it was made from");
	if (is_perf_script(head, size))
		return (struct np_sniff){.format = NP_FORMAT_PERF_SCRIPT};
	if (memchr(head, '\0', size < 512 ? size : 512))
		return FOREIGN("is binary data of no known kind", "give folded stacks or pprof");
	return (struct np_sniff){.format = NP_FORMAT_FOLDED};
}
