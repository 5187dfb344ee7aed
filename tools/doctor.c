/* SPDX-License-Identifier: MIT
 *
 * doctor.c - `neuroprof doctor`: what works here, what does not, why, and what that means.
 *
 * Context: tools.
 */
#include "doctor.h"

#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/message.h"
#include "commands.h"
#include "symbolize/names.h"

#define OPTION_TRIAL 1000
#define COLUMNS      96
#define INDENT	     12

static const char help_text[] =
	"usage: neuroprof doctor [--json] [--] [COMMAND [ARGUMENT…]]\n\n"
	"Tries what profiling needs, here and now, with the settings of the environment (NEUROPROF_*),\n"
	"and says in plain words what works, what is in the way by which setting, what is used instead\n"
	"and what that means for the numbers.  COMMAND is looked at, not run.\n\n"
	"      --json   an object with all findings\n"
	"      --help   this text\n\n"
	"Exit status: 0 when programs can be profiled (maybe with limits), 1 when something essential is\n"
	"blocked, 2 for a wrong command line.\n";

struct np_finding *np_doctor_add(struct np_doctor *doctor, const char *topic, enum np_doctor_state state)
{
	doctor->findings = np_xrealloc(doctor->findings, doctor->count + 1, sizeof(*doctor->findings));
	doctor->findings[doctor->count] = (struct np_finding){ .topic = topic, .state = state };
	return &doctor->findings[doctor->count++];
}

void np_doctor_say(char **text, const char *format, ...)
{
	va_list args;

	free(*text);
	va_start(args, format);
	if (vasprintf(text, format, args) < 0)
		np_die(NP_EXIT_FAILURE, "out of memory");
	va_end(args);
}

uint64_t np_doctor_status(const char *name, int base, uint64_t otherwise)
{
	FILE *file = fopen("/proc/self/status", "re");
	char line[512];

	while (file && fgets(line, sizeof(line), file))
		if (strncmp(line, name, strlen(name)) == 0)
			otherwise = strtoull(line + strlen(name), NULL, base);
	if (file)
		fclose(file);
	return otherwise;
}

/* What the library would make of the environment; a wrong value it refuses itself, see the trial. */
static void read_settings(struct np_doctor *doctor)
{
	static const char *const clocks[] = { "auto", "perf", "timer", "itimer" };
	const char *hz = getenv("NEUROPROF_HZ"), *clock = getenv("NEUROPROF_CLOCK");
	const char *room = getenv("NEUROPROF_SPOOL_MAX");
	char *end;

	doctor->hz = 99;
	if (hz && strtoul(hz, NULL, 10) >= 1 && strtoul(hz, NULL, 10) <= 10000)
		doctor->hz = (uint32_t)strtoul(hz, NULL, 10);
	for (int i = 0; clock && i < 4; i++)
		if (strcmp(clock, clocks[i]) == 0)
			doctor->asked_clock = (enum np_clock_kind)i;
	doctor->spool_max = 64u << 20;
	if (room && strtoull(room, &end, 10) >= 1) {
		uint64_t value = strtoull(room, &end, 10);
		int shift = *end == 'K' ? 10 : *end == 'M' ? 20 : *end == 'G' ? 30 : 0;

		if (value <= (4ull << 30) >> shift)
			doctor->spool_max = value << shift;
	}
}

static enum np_doctor_state worst(const struct np_doctor *doctor)
{
	enum np_doctor_state state = NP_DOCTOR_OK;

	for (size_t i = 0; i < doctor->count; i++)
		if (doctor->findings[i].state > state)
			state = doctor->findings[i].state;
	return state;
}

static const char *const state_names[] = { "ok", "note", "limited", "blocked" };

static const char *verdict(enum np_doctor_state state)
{
	return state == NP_DOCTOR_BLOCKED ? "Something essential is blocked; see above."
	     : state == NP_DOCTOR_LIMITED ? "Programs can be profiled here, with the limits above."
					  : "All is well: programs can be profiled here.";
}

/* Words from COLUMN on, folded before the right margin. */
static void print_words(const char *text, int column)
{
	for (bool first = true; *text; first = false) {
		int length = (int)strcspn(text, " ");

		if (column + 1 + length > COLUMNS && !first)
			column = printf("\n%*s", INDENT, "") - 1;
		else if (!first)
			column += printf(" ");
		column += printf("%.*s", length, text);
		text += length;
		text += strspn(text, " ");
	}
	putchar('\n');
}

static void print_part(struct np_names *names, const char *what, const char *text)
{
	if (text)
		print_words(np_names_keep(names, text), printf("%*s%s", INDENT, "", what));
}

static void print_text(const struct np_doctor *doctor, struct np_names *names)
{
	for (size_t i = 0; i < doctor->count; i++) {
		const struct np_finding *finding = &doctor->findings[i];

		print_words(np_names_keep(names, finding->found),
			    printf("%-8s  %s: ", state_names[finding->state], finding->topic));
		print_part(names, "because ", finding->cause);
		print_part(names, "so ", finding->meaning);
		print_part(names, "do: ", finding->remedy);
	}
	printf("\n%s\n", verdict(worst(doctor)));
}

static const char *kept(struct np_names *names, const char *text)
{
	return text ? np_names_keep(names, text) : NULL;
}

static void print_json(const struct np_doctor *doctor, struct np_names *names)
{
	static const char *const clocks[] = { NULL, "perf", "timer", "itimer" };
	json_t *findings = json_array(), *all;

	for (size_t i = 0; i < doctor->count; i++) {
		const struct np_finding *finding = &doctor->findings[i];

		json_array_append_new(findings, json_pack(
			"{s:s, s:s, s:s, s:s?, s:s?, s:s?}", "topic", finding->topic,
			"state", state_names[finding->state], "found", kept(names, finding->found),
			"cause", kept(names, finding->cause), "meaning", kept(names, finding->meaning),
			"remedy", kept(names, finding->remedy)));
	}
	all = json_pack("{s:s, s:s?, s:s?, s:o}", "state", state_names[worst(doctor)],
			"clock", clocks[doctor->clock], "spool_dir", kept(names, doctor->spool_dir),
			"findings", findings);
	if (!all)
		np_die(NP_EXIT_FAILURE, "out of memory");
	if (json_dumpf(all, stdout, JSON_INDENT(2)) == 0)
		putchar('\n');
	json_decref(all);
}

static void finish(struct np_doctor *doctor)
{
	for (size_t i = 0; i < doctor->count; i++) {
		free(doctor->findings[i].found);
		free(doctor->findings[i].cause);
		free(doctor->findings[i].meaning);
		free(doctor->findings[i].remedy);
	}
	free(doctor->findings);
	free(doctor->spool_dir);
}

int np_command_doctor(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ "trial-program", no_argument, NULL, OPTION_TRIAL },	/* what doctor_trial.c runs */
		{ NULL, 0, NULL, 0 },
	};
	struct np_doctor doctor = { .count = 0 };
	struct np_names *names;
	bool json = false;
	int c, status;

	while ((c = getopt_long(argc, argv, "+h", options, NULL)) != -1) {
		switch (c) {
		case 'j':
			json = true;
			break;
		case 'h':
			fputs(help_text, stdout);
			return NP_EXIT_OK;
		case OPTION_TRIAL:
			return np_doctor_trial_program();
		default:
			return NP_EXIT_USAGE;
		}
	}
	read_settings(&doctor);
	np_doctor_clocks(&doctor);
	np_doctor_limits(&doctor);
	np_doctor_places(&doctor);
	np_doctor_trial(&doctor);
	if (optind < argc)
		np_doctor_command(&doctor, argv[optind]);
	names = np_names_create();
	if (json)
		print_json(&doctor, names);
	else
		print_text(&doctor, names);
	np_names_destroy(names);
	status = worst(&doctor) == NP_DOCTOR_BLOCKED ? NP_EXIT_FAILURE : NP_EXIT_OK;
	finish(&doctor);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		np_error("doctor: writing to standard output: %s", strerror(errno));
		return NP_EXIT_FAILURE;
	}
	return status;
}
