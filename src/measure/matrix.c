/* SPDX-License-Identifier: MIT
 *
 * matrix.c - from a benchmark file to the commands of its cases.  Context: tools.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/message.h"
#include "measure/spec.h"

/* What the method's categories and parameters are to the samples. */
static const struct {
	const char *category, *program;
} samples_of[] = {
	{ "inference", "ryot/ryot" },
	{ "compression", "sigmalang" },
	{ "storage", "sigmavault" },
	{ "agents", "agents" },
};

static const struct {
	const char *parameter, *option;
} options_of[] = {
	{ "prompt_length", "prompt" },
	{ "batch_size", "batch" },
	{ "model_size", "size" },
	{ "output_length", "generate" },
	{ "input_mb", "megabytes" },
	{ "chunk_kib", "chunk" },
	{ "agent_count", "agents" },
	{ "task_count", "tasks" },
};

size_t np_spec_case_count(const struct np_spec *spec)
{
	size_t count = 1;

	for (size_t i = 0; i < spec->parameter_count; i++) {
		count *= spec->parameters[i].count ? spec->parameters[i].count : 1;
		if (count > NP_SPEC_CASES_MAX)
			return NP_SPEC_CASES_MAX + 1;
	}
	return count;
}

const char *np_spec_value(const struct np_spec *spec, size_t number, size_t p)
{
	for (size_t i = spec->parameter_count; i-- > p + 1;)
		number /= spec->parameters[i].count;
	return spec->parameters[p].values[number % spec->parameters[p].count];
}

char *np_spec_case_name(const struct np_spec *spec, size_t number)
{
	char *name = np_xstrdup("");

	for (size_t i = 0; i < spec->parameter_count; i++) {
		char *longer = np_xasprintf("%s%s%s=%s", name, i ? " " : "", spec->parameters[i].name,
					    np_spec_value(spec, number, i));

		free(name);
		name = longer;
	}
	return name;
}

static char *sample_command(const struct np_spec *spec, size_t number, const char *samples,
			    char *message, size_t message_size)
{
	char *command = NULL;

	for (size_t i = 0; i < sizeof(samples_of) / sizeof(samples_of[0]); i++) {
		if (strcmp(spec->category, samples_of[i].category) == 0)
			command = np_xasprintf("%s/%s", samples, samples_of[i].program);
	}
	if (!command) {
		snprintf(message, message_size, "'%s': category '%s' has no sample (inference, compression, "
			 "storage, agents have): give a command", spec->path, spec->category);
		return NULL;
	}
	for (size_t i = 0; i < spec->parameter_count; i++) {
		const char *option = spec->parameters[i].name;
		char *longer;

		for (size_t k = 0; k < sizeof(options_of) / sizeof(options_of[0]); k++) {
			if (strcmp(option, options_of[k].parameter) == 0)
				option = options_of[k].option;
		}
		longer = np_xasprintf("%s --%s %s", command, option, np_spec_value(spec, number, i));
		free(command);
		command = longer;
	}
	return command;
}

char *np_spec_case_command(const struct np_spec *spec, size_t number, const char *samples,
			   char *message, size_t message_size)
{
	size_t room = 1, used = 0;
	const char *at;
	char *command;

	if (!spec->command)
		return sample_command(spec, number, samples, message, message_size);
	for (size_t i = 0; i < spec->parameter_count; i++)
		room += strlen(np_spec_value(spec, number, i));
	room = room * (strlen(spec->command) + 1) + 1;
	command = np_xcalloc(room, 1);
	for (at = spec->command; *at;) {
		size_t length = *at == '{' ? strcspn(at, "}") : 0, p = 0;

		while (length && p < spec->parameter_count &&
		       !(strlen(spec->parameters[p].name) == length - 1 &&
			 strncmp(spec->parameters[p].name, at + 1, length - 1) == 0))
			p++;
		if (!length || !at[length]) {
			command[used++] = *at++;
		} else if (p < spec->parameter_count) {
			used += (size_t)snprintf(command + used, room - used, "%s",
						 np_spec_value(spec, number, p));
			at += length + 1;
		} else {
			snprintf(message, message_size, "'%s': command: {%.*s} is no parameter", spec->path,
				 (int)(length - 1 > 64 ? 64 : length - 1), at + 1);
			free(command);
			return NULL;
		}
	}
	return command;
}
