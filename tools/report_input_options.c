/* SPDX-License-Identifier: MIT
 *
 * report_input_options.c - the options that say how profiles are read, the same in every command.
 *
 * Context: tools.
 */
#include <stdlib.h>
#include <string.h>

#include "base/message.h"
#include "profile/folded_dialect.h"
#include "profile/folded_read.h"
#include "report_input.h"

enum { OPT_STRICT = 2000, OPT_EVENT, OPT_LABEL, OPT_THREADS, OPT_GROUP_BY, OPT_SPAN, OPT_SLOWEST,
       OPT_REST, OPT_COLUMNS, OPT_LAX, OPT_DROP_EMPTY, OPT_DROP_THREADS, OPT_MERGE_KINDS,
       OPT_DIALECT, OPT_ANONYMIZE };

const struct option np_report_input_options[] = {
	{ "strict", no_argument, NULL, OPT_STRICT },
	{ "event", required_argument, NULL, OPT_EVENT },
	{ "label", required_argument, NULL, OPT_LABEL },
	{ "threads", no_argument, NULL, OPT_THREADS },
	{ "group-by", required_argument, NULL, OPT_GROUP_BY },
	{ "span", required_argument, NULL, OPT_SPAN },
	{ "slowest", required_argument, NULL, OPT_SLOWEST },
	{ "rest", no_argument, NULL, OPT_REST },
	{ "columns", required_argument, NULL, OPT_COLUMNS },
	{ "lax", no_argument, NULL, OPT_LAX },
	{ "drop-empty", no_argument, NULL, OPT_DROP_EMPTY },
	{ "drop-threads", no_argument, NULL, OPT_DROP_THREADS },
	{ "merge-kinds", no_argument, NULL, OPT_MERGE_KINDS },
	{ "dialect", required_argument, NULL, OPT_DIALECT },
	{ "anonymize", optional_argument, NULL, OPT_ANONYMIZE },
	{ 0 },
};

const char np_report_input_help[] =
	"Samples\n"
	"      --label KEY=VALUE    of pprof: only those with that label; may be repeated\n"
	"      --threads            of pprof, perf script: by thread, as root frames\n"
	"      --group-by KEY       of pprof: by the values of a label\n"
	"      --span NAME          of pprof: only what was taken inside a span of that name\n"
	"      --slowest PERCENT    and of these spans only the slowest share, such as 1%; with --rest,\n"
	"                           only the others\n"
	"      --event NAME         of perf script text with several events: which (the first)\n"
	"      --columns N|auto     of folded stacks: numbers that end each line (1)\n"
	"      --dialect NAME       of folded stacks: file and line out of frames: auto, perf, pyspy,\n"
	"                           austin, tachyon, ap, bcc\n"
	"      --drop-threads, --drop-empty, --merge-kinds, --lax\n"
	"                           of folded stacks: without frames of threads, without empty ones,\n"
	"                           f_[k] and f as one, values with exponents\n"
	"      --anonymize[=KEY]    hashes instead of names; with a secret key nobody can try names\n"
	"      --strict             a line that is no stack is an error, not a note\n";

static void add_label(struct np_read_options *read, char *text)
{
	char *equals = strchr(text, '=');
	struct np_read_label *labels;

	if (!equals || equals == text)
		np_die(NP_EXIT_USAGE, "--label: '%s' is not KEY=VALUE, such as thread=worker", text);
	*equals = '\0';
	labels = np_xrealloc((void *)(uintptr_t)read->labels, read->label_count + 1, sizeof(*labels));
	labels[read->label_count++] = (struct np_read_label){ text, equals + 1 };
	read->labels = labels;
}

double np_report_slowest(const char *text)
{
	char *end;
	double percent = strtod(text, &end);

	if (end == text || (*end && strcmp(end, "%") != 0) || !(percent > 0 && percent < 100))
		np_die(NP_EXIT_USAGE, "--slowest: '%s' is no share of spans, such as 1%%", text);
	return percent / 100;
}

static unsigned columns(const char *text)
{
	if (strcmp(text, "auto") == 0)
		return NP_READ_COLUMNS_AUTO;
	if (text[0] < '1' || text[0] > '0' + (int)NP_FOLDED_COLUMNS_MAX || text[1])
		np_die(NP_EXIT_USAGE, "--columns: '%s' is neither a number from 1 to %u nor 'auto'", text,
		       NP_FOLDED_COLUMNS_MAX);
	return (unsigned)(text[0] - '0');
}

static enum np_dialect dialect(const char *text)
{
	enum np_dialect found = np_folded_dialect_named(text);

	if (found == NP_DIALECT_NONE)
		np_die(NP_EXIT_USAGE, "--dialect: '%s' is none of auto, perf, pyspy, austin, tachyon, ap, bcc",
		       text);
	return found;
}

bool np_report_input_take(struct np_read_options *read, int option, char *value)
{
	switch (option) {
	case OPT_STRICT:
		read->strict = true;
		break;
	case OPT_EVENT:
		read->event = value;
		break;
	case OPT_LABEL:
		add_label(read, value);
		break;
	case OPT_THREADS:
		read->threads = true;
		break;
	case OPT_GROUP_BY:
		read->group_by = value;
		break;
	case OPT_SPAN:
		read->span = value;
		break;
	case OPT_SLOWEST:
		read->slowest = np_report_slowest(value);
		break;
	case OPT_REST:
		read->rest = true;
		break;
	case OPT_COLUMNS:
		read->columns = columns(value);
		break;
	case OPT_LAX:
		read->lax = true;
		break;
	case OPT_DROP_EMPTY:
		read->drop_empty = true;
		break;
	case OPT_DROP_THREADS:
		read->drop_threads = true;
		break;
	case OPT_MERGE_KINDS:
		read->merge_kinds = true;
		break;
	case OPT_ANONYMIZE:
		read->anonymize = value ? value : "";
		break;
	case OPT_DIALECT:
		read->dialect = dialect(value);
		break;
	default:
		return false;
	}
	return true;
}

void np_report_input_free(struct np_read_options *read)
{
	free((void *)(uintptr_t)read->labels);
	read->labels = NULL;
	read->label_count = 0;
}

static size_t count(const struct option *options)
{
	size_t n = 0;

	while (options[n].name)
		n++;
	return n;
}

struct option *np_options_join(const struct option *first, const struct option *second)
{
	size_t first_count = count(first), second_count = count(second);
	struct option *all = np_xcalloc(first_count + second_count + 1, sizeof(*all));

	memcpy(all, first, first_count * sizeof(*all));
	memcpy(all + first_count, second, second_count * sizeof(*all));
	return all;
}

struct option *np_report_input_join(const struct option *own)
{
	return np_options_join(own, np_report_input_options);
}
