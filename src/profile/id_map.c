/* SPDX-License-Identifier: MIT
 *
 * id_map.c - open addressing, at most half full.  Context: tools.
 */
#include "profile/id_map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/message.h"
#include "profile/intern.h"

void np_id_map_init(struct np_id_map *map, size_t count)
{
	size_t slots = 16;

	while (slots / 2 < count)
		slots *= 2;
	map->ids = np_xcalloc(slots, sizeof(*map->ids));
	map->places = np_xcalloc(slots, sizeof(*map->places));
	map->mask = slots - 1;
	map->seed = np_hash_seed();
}

void np_id_map_finish(struct np_id_map *map)
{
	free(map->ids);
	free(map->places);
	memset(map, 0, sizeof(*map));
}

static size_t find(const struct np_id_map *map, uint64_t id)
{
	size_t at = np_hash_mix(id ^ map->seed, 0x9e3779b97f4a7c15u) & map->mask;

	while (map->ids[at] != 0 && map->ids[at] != id)
		at = (at + 1) & map->mask;
	return at;
}

int np_id_map_put(struct np_id_map *map, uint64_t id, uint32_t place)
{
	size_t at = find(map, id);

	if (id == 0)
		return -EINVAL;
	if (map->ids[at] == id)
		return -EEXIST;
	map->ids[at] = id;
	map->places[at] = place;
	return 0;
}

int64_t np_id_map_get(const struct np_id_map *map, uint64_t id)
{
	size_t at;

	if (!map->ids || id == 0)
		return -1;
	at = find(map, id);
	return map->ids[at] == id ? (int64_t)map->places[at] : -1;
}
