/* SPDX-License-Identifier: MIT
 *
 * input.h - bytes from a file, standard input or memory, unpacked when they are gzip.
 *
 * Context: tools, for read.c.  Files are read, not mapped: a file that is cut short meanwhile gives
 * a short profile instead of a SIGBUS, and memory stays flat.
 */
#ifndef NP_PROFILE_INPUT_H
#define NP_PROFILE_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "profile/read.h"

#define NP_INPUT_UNPACKED_MAX ((uint64_t)4 << 30)	/* of gzip, against bombs */

struct np_input;		/* opaque */

/* PATH "-" is standard input.  Returns 0 or -errno with the message set. */
int np_input_open(const char *path, struct np_input **ret_input, struct np_read_report *report);

/* NAME is for messages, BYTES must stay valid until np_input_close(). */
struct np_input *np_input_memory(const char *name, const void *bytes, size_t size);

void np_input_close(struct np_input *input);	/* NULL is fine */

/* As in messages: the path, or "standard input". */
const char *np_input_name(const struct np_input *input);

/* Bytes that were read of it so far, before unpacking. */
uint64_t np_input_bytes(const struct np_input *input);

/* Fill BUFFER as far as there are bytes.  Returns their number, less than SIZE only at the end;
 * -EBADMSG for damaged gzip or more than NP_INPUT_UNPACKED_MAX bytes, -errno from the system. */
int64_t np_input_read(struct np_input *input, void *buffer, size_t size,
		      struct np_read_report *report);

#endif
