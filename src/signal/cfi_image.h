/* SPDX-License-Identifier: MIT
 *
 * cfi_image.h - what a mapped ELF object says about itself: segments, unwind table, build id.
 *
 * Context: signal handler.  Reads the ELF header and program headers where they are mapped and
 * believes nothing in them: every address that comes out lies inside the object's mapped range.
 */
#ifndef NP_SIGNAL_CFI_IMAGE_H
#define NP_SIGNAL_CFI_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#define NP_IMAGE_BUILD_ID_MAX 20u

struct np_image {
	uintptr_t start, end;		/* mapped range */
	uintptr_t bias;
};

struct np_image_segment {
	uintptr_t low, high;		/* run-time addresses, as far as the file's bytes go */
	uint32_t flags;			/* PF_R, PF_W, PF_X */
};

struct np_image_facts {
	uintptr_t eh_frame_hdr;		/* 0 = none */
	uintptr_t eh_frame_hdr_bytes;
	uint8_t build_id_bytes;		/* 0 = none */
	uint8_t build_id[NP_IMAGE_BUILD_ID_MAX];	/* longer ones are cut */
};

/* The loaded segment around ADDRESS.  An object whose program headers do not stand at its start
 * (patched files) is taken as one readable and executable segment.  False: none there. */
bool np_image_segment(const struct np_image *image, uintptr_t address,
		      struct np_image_segment *ret_segment);

/* Widen IMAGE, of which only `start` (a page that is mapped) and bias are set, to all that the
 * program headers there load.  False: no headers there. */
bool np_image_extent(struct np_image *image);

/* Where the kernel or the loader starts the object, which nothing calls; 0 = nowhere. */
uintptr_t np_image_entry(const struct np_image *image);

/* KNOWN_HDR: where the loader says that .eh_frame_hdr is; 0 = it does not say. */
void np_image_read(const struct np_image *image, uintptr_t known_hdr,
		   struct np_image_facts *ret_facts);

#endif
