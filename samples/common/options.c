/* SPDX-License-Identifier: MIT
 *
 * options.c - the command line of a sample: long options with a value; see sample.h.
 */
#include "sample.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPTIONS_MAX 32

static void print_choices(FILE *to, const char *const *choices)
{
	for (size_t i = 0; choices[i]; i++)
		fprintf(to, "%s%s", i ? ", " : "", choices[i]);
}

static void help(const char *summary, const struct sample_option *table)
{
	printf("Usage: %s [--OPTION VALUE]...\n%s\n\n", program_invocation_short_name, summary);
	for (; table->name; table++) {
		printf("  --%-12s %s", table->name, table->help);
		if (table->whole)
			printf(" (%llu to %llu; now %llu)", (unsigned long long)table->least,
				(unsigned long long)table->most, (unsigned long long)*table->whole);
		if (table->choice) {
			printf(": ");
			print_choices(stdout, table->choices);
			printf(" (now %s)", *table->choice);
		}
		putchar('\n');
	}
	printf("\nResults are lines name=value.  Exit status: 0 the result is right, 1 it is not or the\n"
	       "run failed, 2 a wrong option.\n");
}

static void take_whole(const struct sample_option *option, const char *value)
{
	char *end;
	unsigned long long number;

	errno = 0;
	number = strtoull(value, &end, 10);
	if (value[0] < '0' || value[0] > '9' || *end || errno || number < option->least ||
		number > option->most)
		sample_usage_error("--%s: '%s' is not a whole number from %llu to %llu", option->name,
			value, (unsigned long long)option->least, (unsigned long long)option->most);
	*option->whole = number;
}

static void take_choice(const struct sample_option *option, const char *value)
{
	for (size_t i = 0; option->choices[i]; i++) {
		if (strcmp(value, option->choices[i]) == 0) {
			*option->choice = option->choices[i];
			return;
		}
	}
	fprintf(stderr, "%s: --%s: '%s' is not one of: ", program_invocation_short_name, option->name,
		value);
	print_choices(stderr, option->choices);
	fputc('\n', stderr);
	exit(2);
}

void sample_options(int argc, char **argv, const char *summary, const struct sample_option *table)
{
	struct option known[OPTIONS_MAX + 2] = { 0 };
	int count = 0, index, found;

	for (; table[count].name && count < OPTIONS_MAX; count++)
		known[count] = (struct option){ table[count].name, required_argument, NULL, 0 };
	known[count] = (struct option){ "help", no_argument, NULL, 0 };
	while ((found = getopt_long(argc, argv, "", known, &index)) != -1) {
		if (found != 0)		/* getopt has said what is wrong */
			exit(2);
		if (index == count) {
			help(summary, table);
			exit(0);
		}
		if (table[index].whole)
			take_whole(&table[index], optarg);
		else if (table[index].choice)
			take_choice(&table[index], optarg);
		else
			*table[index].text = optarg;
	}
	if (optind < argc)
		sample_usage_error("'%s' is not an option: see --help", argv[optind]);
}
