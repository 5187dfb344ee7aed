/* SPDX-License-Identifier: MIT
 *
 * message.h - what the tools say on standard error: one line, "tool: what, where, what to do".
 *
 * Context: tools only; never linked into the preloaded library.
 */
#ifndef NP_BASE_MESSAGE_H
#define NP_BASE_MESSAGE_H

/* Exit statuses shared by all tools; docs/man has them. */
enum np_exit {
	NP_EXIT_OK = 0,
	NP_EXIT_FAILURE = 1,		/* the input or the system did not allow it */
	NP_EXIT_USAGE = 2,		/* the command line was wrong */
};

/* The name before the colon; call once at the start of main.  NAME must stay valid. */
void np_message_tool(const char *name);

/* Print "tool: TEXT\n" in a single write; control characters and bytes that are not UTF-8
 * (a hostile file or symbol name) come out as \xNN. */
void np_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same, marked as a note that changes nothing about the result. */
void np_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* np_error() and exit(STATUS). */
_Noreturn void np_die(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Say what getopt_long() refused: C is '?', or ':' for an optstring that begins with ':'.  HELP is
 * the command that lists the options.  Set opterr = 0 before.  Returns NP_EXIT_USAGE. */
int np_bad_option(int c, char *const *argv, const char *help);

/* Allocation for the tools: never returns NULL; says one line and exits 1 when memory is out. */
void *np_xcalloc(unsigned long count, unsigned long size);
void *np_xrealloc(void *old, unsigned long count, unsigned long size);
char *np_xstrdup(const char *text);
char *np_xasprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
