/* SPDX-License-Identifier: MIT
 *
 * fold_place.h - where a profile goes, and getting it there whole.
 *
 * Context: tools.  The two files of a profile are written under other names first; they appear
 * complete or not at all, and never in the place of another process's profile.
 */
#ifndef NP_TOOLS_FOLD_PLACE_H
#define NP_TOOLS_FOLD_PLACE_H

#include <stddef.h>

#include "spool/layout.h"

struct np_fold_place {
	char *directory, *stem;		/* the files are directory/stem[-N].suffix */
	char *folded_temporary, *pprof_temporary;
	int folded_fd, pprof_fd;	/* -1 = closed */
};

/* Choose by OUT (see np_fold_options) and HEAD, make missing directories, open both files.
 * Returns 0 or -errno with one line in MESSAGE. */
int np_fold_place_open(struct np_fold_place *place, const char *out,
		       const struct np_spool_header *head, char *message, size_t message_bytes);

/* Both files are written: close them and give them their names.  IDENTITY: the line by which an
 * older profile of the same process image is known (it is replaced; others get out of the way by
 * -2, -3, ...).  The paths are the caller's.  Returns 0 or -errno with MESSAGE. */
int np_fold_place_commit(struct np_fold_place *place, const char *identity, char **ret_folded,
			 char **ret_pprof, char *message, size_t message_bytes);

/* A third file beside them, or alone where there was no sample: WRITE gets a descriptor and returns 0,
 * 1 for nothing to be written, or -errno.  BESIDE: the profile's pprof file, or NULL.  *RET_PATH (the
 * caller's) stays NULL when nothing was written.  Returns 0 or -errno with MESSAGE. */
int np_fold_place_metrics(const char *out, const struct np_spool_header *head, const char *beside,
			  int (*write)(const void *context, int fd), const void *context,
			  char **ret_path, char *message, size_t message_bytes);

/* Remove what was not committed.  A zeroed place is fine. */
void np_fold_place_finish(struct np_fold_place *place);

#endif
