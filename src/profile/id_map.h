/* SPDX-License-Identifier: MIT
 *
 * id_map.h - the arbitrary 64-bit ids of a pprof file to places in an array.
 *
 * Context: tools, for pprof_read.c.
 */
#ifndef NP_PROFILE_ID_MAP_H
#define NP_PROFILE_ID_MAP_H

#include <stddef.h>
#include <stdint.h>

struct np_id_map {
	uint64_t *ids;		/* 0 = free: no object has id 0 */
	uint32_t *places;
	size_t mask;
	uint64_t seed;
};

/* For at most COUNT ids. */
void np_id_map_init(struct np_id_map *map, size_t count);
void np_id_map_finish(struct np_id_map *map);

/* Returns 0, or -EEXIST when ID has a place already, or -EINVAL when it is 0. */
int np_id_map_put(struct np_id_map *map, uint64_t id, uint32_t place);

/* The place of ID, or -1. */
int64_t np_id_map_get(const struct np_id_map *map, uint64_t id);

#endif
