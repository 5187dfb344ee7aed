/* SPDX-License-Identifier: MIT
 *
 * dump.c - `neuroprof dump`: what every thread of a process is doing right now.
 *
 * Context: tools.
 */
#include "dump.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/message.h"
#include "commands.h"
#include "live.h"
#include "symbolize/perfmap.h"

static const char help_text[] =
	"usage: neuroprof dump PID\n\n"
	"Prints the stack of every thread of a process, profiled or not: functions with what is inlined\n"
	"into them, lines where debugging information has them, and the object.  The process stands\n"
	"still for about a millisecond, while its stacks are copied, and goes on as it was.\n\n"
	"      --help   this text\n\n"
	"Exit status: 0 done; 1 when the process cannot be stopped or read, or a stack could not be\n"
	"followed to its end; 2 for a wrong command line.\n";

struct namer {
	const struct np_dump *dump;
	struct np_symbolizer *symbolizer;
	struct np_perfmap *perfmap;
};

static const char *state_name(char state)
{
	switch (state) {
	case 'R':
		return "running";
	case 'S':
		return "sleeping";
	case 'D':
		return "in uninterruptible sleep";
	case 'T':
		return "stopped";
	case 't':
		return "traced";
	case 'Z':
	case 'X':
		return "ended";
	default:
		return "";
	}
}

static void name_frame(const struct namer *namer, const struct np_dump_frame *frame,
		       struct np_symbol *ret, const char **ret_module)
{
	static struct np_symbol_line line;
	const struct np_dump_map *map = np_dump_map_at(namer->dump, frame->pc);
	struct np_dump_module *module =
		map && map->module ? &namer->dump->modules[map->module - 1] : NULL;
	const char *slash, *name = NULL;
	char text[64];

	if (module) {
		if (!module->symbols)
			module->symbols = np_symbolizer_module(namer->symbolizer, module->path,
							       module->build_id, module->build_id_bytes);
		np_symbolize(module->symbols, frame->pc - module->bias, !frame->exact, ret);
		slash = strrchr(module->path, '/');
		*ret_module = np_symbolizer_text(namer->symbolizer, slash ? slash + 1 : module->path);
		return;
	}
	if (namer->perfmap)
		name = np_perfmap_find(namer->perfmap, frame->pc - !frame->exact, &ret->start);
	if (!name) {
		snprintf(text, sizeof(text), "[anon]+0x%" PRIx64, frame->pc);
		name = np_symbolizer_text(namer->symbolizer, text);
	}
	line = (struct np_symbol_line){ .name = name, .system_name = "", .file = "" };
	*ret = (struct np_symbol){ .lines = &line, .line_count = 1 };
	*ret_module = "";
}

static void print_frame(const struct namer *namer, const struct np_dump_frame *frame, uint32_t *number)
{
	const char *module;
	struct np_symbol symbol;

	if (frame->signal) {
		printf(" #%-3u [signal handler called]\n", (*number)++);
		return;
	}
	name_frame(namer, frame, &symbol, &module);
	for (size_t i = 0; i < symbol.line_count; i++) {
		const struct np_symbol_line *line = &symbol.lines[i];

		printf(" #%-3u %s%s", (*number)++, line->name, line->inlined ? " (inlined)" : "");
		if (*line->file && line->line)
			printf(" at %s:%u", line->file, line->line);
		if (*module)
			printf(" (%s)", module);
		puts(frame->guessed ? " [by frame pointers]" : "");
	}
}

static const char *end_text(enum np_dump_end end)
{
	switch (end) {
	case NP_DUMP_TOO_DEEP:
		return "[deeper than 1024 frames: the outermost are missing]";
	case NP_DUMP_NO_RULE:
		return "[the stack cannot be followed further: no unwind rule, or unreadable]";
	case NP_DUMP_NO_CODE:
		return "[the stack cannot be followed further: it leads to where no code is]";
	case NP_DUMP_NOT_STOPPED:
		return "[did not stop within a second, or ended: nothing is known of it]";
	default:
		return NULL;
	}
}

static bool print_thread(const struct namer *namer, const struct np_dump_thread *thread)
{
	const char *end = end_text(thread->end);
	uint32_t number = 0;

	printf("\nthread %d \"%s\" %s\n", (int)thread->tid,
	       np_symbolizer_text(namer->symbolizer, thread->name), state_name(thread->state));
	for (uint32_t i = 0; i < thread->depth; i++)
		print_frame(namer, &thread->frames[i], &number);
	if (end)
		printf(" %s\n", end);
	return !end;
}

/* When the process began: files that were changed later are not what it runs. */
static void distrust_later(struct np_symbolizer *symbolizer, pid_t pid)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	if (stat(path, &st) == 0)
		np_symbolizer_distrust_after(symbolizer, (uint64_t)st.st_ctim.tv_sec * 1000000000u +
							 (uint64_t)st.st_ctim.tv_nsec);
}

static struct np_perfmap *open_perfmap(pid_t pid)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	if (stat(path, &st) < 0)
		return NULL;
	snprintf(path, sizeof(path), "/tmp/perf-%d.map", (int)pid);
	return np_perfmap_open(path, st.st_uid);
}

static bool print_all(const struct np_dump *dump, const char *program)
{
	struct namer namer = { .dump = dump, .symbolizer = np_symbolizer_create() };
	bool whole = true;

	distrust_later(namer.symbolizer, dump->pid);
	namer.perfmap = open_perfmap(dump->pid);
	printf("%s (pid %d): %zu thread%s, stopped for %.1f ms\n",
	       np_symbolizer_text(namer.symbolizer, program), (int)dump->pid, dump->thread_count,
	       dump->thread_count == 1 ? "" : "s", (double)dump->stopped_ns / 1e6);
	for (size_t i = 0; i < dump->thread_count; i++)
		whole &= print_thread(&namer, &dump->threads[i]);
	np_perfmap_close(namer.perfmap);
	np_symbolizer_destroy(namer.symbolizer);
	return whole;
}

static void finish(struct np_dump *dump)
{
	for (size_t i = 0; i < dump->thread_count; i++) {
		free(dump->threads[i].stack);
		free(dump->threads[i].frames);
	}
	free(dump->threads);
	np_dump_forget_maps(dump);
}

static bool read_line(const char *format, pid_t pid, const char *start, char *text, size_t bytes)
{
	char path[64], line[512];
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, format);
	file = fopen(path, "re");
	while (file && !found && fgets(line, sizeof(line), file)) {
		if (strncmp(line, start, strlen(start)) != 0)
			continue;
		snprintf(text, bytes, "%s", line + strlen(start));
		text[strcspn(text, "\n")] = '\0';
		found = true;
	}
	if (file)
		fclose(file);
	return found;
}

static int yama_scope(void)
{
	FILE *file = fopen("/proc/sys/kernel/yama/ptrace_scope", "re");
	int scope = 0;

	if (file && fscanf(file, "%d", &scope) != 1)
		scope = 0;
	if (file)
		fclose(file);
	return scope;
}

static void say_why_not(pid_t pid, int error)
{
	char tracer[64] = "";
	int scope = yama_scope();

	if (error != EPERM && error != EACCES)
		np_error("%d: cannot be stopped: %s", (int)pid, strerror(error));
	else if (read_line("status", pid, "TracerPid:\t", tracer, sizeof(tracer)) && strcmp(tracer, "0") != 0)
		np_error("%d: process %s is tracing it already (a debugger?): end that first", (int)pid, tracer);
	else if (scope > 0)
		np_error("%d: the kernel does not let us stop it: kernel.yama.ptrace_scope is %d; run as root%s",
			 (int)pid, scope, scope < 3 ? ", or set it to 0" : " does not help either");
	else
		np_error("%d: the kernel does not let us stop it: run as its user or as root "
			 "(in a container: with CAP_SYS_PTRACE)", (int)pid);
}

int np_command_dump(int argc, char **argv)
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct np_dump dump = { .pid = 0 };
	char program[64] = "?";
	bool whole;
	int r, c = getopt_long(argc, argv, "h", options, NULL);

	if (c == 'h') {
		fputs(help_text, stdout);
		return NP_EXIT_OK;
	}
	if (c != -1)
		return NP_EXIT_USAGE;
	if (argc - optind != 1) {
		np_error("dump: one process, please: neuroprof dump PID");
		return NP_EXIT_USAGE;
	}
	dump.pid = np_live_pid("dump", argv[optind]);
	if (!dump.pid)
		return NP_EXIT_USAGE;
	if (!read_line("comm", dump.pid, "", program, sizeof(program))) {
		np_error("%d: no such process", (int)dump.pid);
		return NP_EXIT_FAILURE;
	}
	r = np_dump_take(&dump);
	if (r < 0) {
		say_why_not(dump.pid, -r);
		finish(&dump);
		return NP_EXIT_FAILURE;
	}
	np_dump_unwind(&dump);
	whole = print_all(&dump, program);
	finish(&dump);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		np_error("dump: writing to standard output: %s", strerror(errno));
		return NP_EXIT_FAILURE;
	}
	return whole ? NP_EXIT_OK : NP_EXIT_FAILURE;
}
