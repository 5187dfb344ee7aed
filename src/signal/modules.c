/* SPDX-License-Identifier: MIT
 *
 * modules.c - program counter -> mapped object, by the loader's own lock-free index.
 *
 * Context: signal handler, any number of threads; np_modules_snapshot() and np_modules_unloaded()
 * in ordinary context.
 *
 * An entry of np_module_table stands for one object at one place and is never given to another, so
 * a rule that names its module by entry can never be used for a successor at the same address.
 * np_modules_unloaded() only moves the generation on: an entry is believed while its generation is
 * the current one, and is compared with what is mapped now before it is believed again.
 *
 * Publication: an entry is filled in and registered by the thread that claimed its number, and then
 * put into `places` with compare-and-swap (release; pairs with the acquire in np_module_find()).  A
 * thread that loses that race uses the winner's entry and its own number is wasted.  Two threads
 * that both re-verify an entry store the same values.  Entries of objects that were unloaded stay:
 * a plugin that comes back to its place finds its entry, and its rules, again.
 */
#include "signal/modules.h"

#include <dlfcn.h>
#include <link.h>
#include <string.h>
#include <sys/auxv.h>

#include "base/atomic.h"
#include "base/syscalls.h"
#include "signal/cfi_image.h"
#include "signal/cfi_memory.h"
#include "signal/sampler.h"

#define PLACES	       8192u	/* twice the entries: short probes */
#define PROBES_MAX     32u
#define HASHED_HDR_MAX 1024u	/* bytes of .eh_frame_hdr that go into an object's fingerprint */
#define ELF_MAGIC      0x464c457fu	/* "\177ELF" */
#define PATH_BYTES_MAX 4096u
#define PATH_BUFFERS   8u
#define SNAPSHOT_MAX   1024u

/* What the loader says about an address. */
struct object {
	uintptr_t start, end, bias;
	uintptr_t eh_frame_hdr;		/* 0 = not said */
	const char *name;		/* valid while it is mapped */
	const void *handle;		/* the loader's, for telling objects apart */
	bool main;
};

struct identity {			/* beside np_module_table, constant likewise */
	const void *handle;		/* atomic: the loader's, when it was last verified */
	uint64_t fingerprint;		/* of the name, the build id and the unwind table's head */
	uint8_t registered;		/* atomic: index is final for this spool, even if it is 0 */
};

struct path_buffer {
	uint32_t taken;			/* atomic */
	char bytes[PATH_BYTES_MAX];
};

struct np_module np_module_table[NP_MODULE_TABLE_MAX];
static struct identity identities[NP_MODULE_TABLE_MAX];
static uint32_t entries_used = 1;		/* atomic; entry 0 is none */
static uint16_t places[PLACES];			/* atomic; entry by hash of its start; 0 = free */
static struct path_buffer path_buffers[PATH_BUFFERS];
static uint32_t generation = 1;			/* atomic; 0 marks an entry as doubted */

/* Two tables, so that a handler never meets one that is being written. */
static struct object snapshots[2][SNAPSHOT_MAX];
static uint32_t snapshot_counts[2];
static uint32_t snapshot_active;		/* atomic: 0 = none yet, else table + 1 */

extern __typeof__(_dl_find_object) _dl_find_object __attribute__((weak));

NP_HOT uint32_t np_modules_generation(void)
{
	return np_load_acquire(&generation);
}

void np_modules_unloaded(void)
{
	if (__atomic_add_fetch(&generation, 1, __ATOMIC_ACQ_REL) == 0)
		__atomic_add_fetch(&generation, 1, __ATOMIC_ACQ_REL);
}

void np_modules_forget(void)
{
	for (uint32_t id = 1; id < NP_MODULE_TABLE_MAX && id < entries_used; id++) {
		np_module_table[id].index = 0;
		np_module_table[id].generation = 0;
		identities[id].registered = 0;
	}
	for (uint32_t i = 0; i < PATH_BUFFERS; i++)	/* taken by a thread that is not here any more */
		path_buffers[i].taken = 0;
}

static int snapshot_add(struct dl_phdr_info *info, size_t bytes, void *argument)
{
	uint32_t table = *(uint32_t *)argument;
	struct object *object = &snapshots[table][snapshot_counts[table]];
	uintptr_t low = UINTPTR_MAX, high = 0;

	(void)bytes;
	if (snapshot_counts[table] == SNAPSHOT_MAX)
		return 1;
	memset(object, 0, sizeof(*object));
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *header = &info->dlpi_phdr[i];
		uintptr_t start = info->dlpi_addr + header->p_vaddr;

		if (header->p_type == PT_GNU_EH_FRAME)
			object->eh_frame_hdr = start;
		if (header->p_type != PT_LOAD)
			continue;
		low = start < low ? start : low;
		high = start + header->p_memsz > high ? start + header->p_memsz : high;
	}
	object->start = low & ~(uintptr_t)4095;
	object->end = high;
	object->bias = info->dlpi_addr;
	object->name = info->dlpi_name;
	object->main = snapshot_counts[table] == 0;
	if (low < high)
		snapshot_counts[table]++;
	return 0;
}

void np_modules_snapshot(void)
{
	uint32_t table = np_load_relaxed(&snapshot_active) == 1;	/* the other one */

	if (_dl_find_object)
		return;
	snapshot_counts[table] = 0;
	dl_iterate_phdr(snapshot_add, &table);
	np_store_release(&snapshot_active, table + 1);
}

static bool find_in_snapshot(uintptr_t pc, struct object *ret_object)
{
	uint32_t active = np_load_acquire(&snapshot_active);

	for (uint32_t i = 0; active && i < snapshot_counts[active - 1]; i++) {
		const struct object *object = &snapshots[active - 1][i];

		if (pc < object->start || pc >= object->end)
			continue;
		*ret_object = *object;
		/* Two more snapshots meanwhile would have written over what was just read. */
		return np_load_acquire(&snapshot_active) == active;
	}
	return false;
}

/* An object with gaps between its segments is known to the loader by segment: one entry for each
 * would hide its headers.  They are where the kernel says, or where a library begins. */
static void join_segments(struct object *object)
{
	struct np_image image = { .bias = object->bias };
	struct dl_find_object found;

	if (np_memory_u32(object->start) == ELF_MAGIC)
		return;
	image.start = object->main ? getauxval(AT_PHDR) & ~(uintptr_t)4095 : object->bias;
	if (image.start == 0 || _dl_find_object((void *)image.start, &found) != 0 ||
	    found.dlfo_link_map != object->handle ||
	    (uintptr_t)found.dlfo_map_start != image.start || !np_image_extent(&image) ||
	    image.end < object->end)
		return;
	object->start = image.start;
	object->end = image.end;
}

__attribute__((noinline)) static bool find_object(uintptr_t pc, struct object *ret_object)
{
	struct dl_find_object found;

	if (!_dl_find_object)
		return find_in_snapshot(pc, ret_object);
	if (_dl_find_object((void *)pc, &found) != 0)
		return false;
	ret_object->start = (uintptr_t)found.dlfo_map_start;
	ret_object->end = (uintptr_t)found.dlfo_map_end;
	ret_object->bias = found.dlfo_link_map->l_addr;
	ret_object->eh_frame_hdr = (uintptr_t)found.dlfo_eh_frame;
	ret_object->name = found.dlfo_link_map->l_name ? found.dlfo_link_map->l_name : "";
	ret_object->handle = found.dlfo_link_map;
	ret_object->main = found.dlfo_link_map == _r_debug.r_map;
	join_segments(ret_object);
	return true;
}

static uint64_t hash_byte(uint64_t hash, uint8_t byte)
{
	return (hash ^ byte) * 0x100000001b3u;
}

/* Tells two objects apart that were mapped at one place, one after the other. */
static uint64_t fingerprint(const struct object *object, const struct np_image_facts *facts)
{
	uint64_t hash = 0xcbf29ce484222325u;
	uintptr_t bytes = facts->eh_frame_hdr_bytes < HASHED_HDR_MAX ? facts->eh_frame_hdr_bytes
								      : HASHED_HDR_MAX;

	for (uint32_t i = 0; i < PATH_BYTES_MAX && object->name[i]; i++)
		hash = hash_byte(hash, (uint8_t)object->name[i]);
	for (uint32_t i = 0; i < facts->build_id_bytes; i++)
		hash = hash_byte(hash, facts->build_id[i]);
	/* Without a build id a file that was built anew may look the same; its handle seldom does. */
	for (uint32_t i = 0; i < 8 && facts->build_id_bytes == 0; i++)
		hash = hash_byte(hash, (uint8_t)((uintptr_t)object->handle >> 8 * i));
	for (uintptr_t i = 0; i < bytes; i++)
		hash = hash_byte(hash, np_memory_u8(facts->eh_frame_hdr + i));
	return hash;
}

static bool starts_with(const char *text, const char *with)
{
	while (*with)
		if (*text++ != *with++)
			return false;
	return true;
}

static uint8_t flags_of(const struct object *object)
{
	uintptr_t here = (uintptr_t)&np_module_find;
	uint8_t flags = object->main ? NP_MODULE_MAIN : 0;

	if (here >= object->start && here < object->end)
		flags |= NP_MODULE_SELF;
	if (starts_with(object->name, "linux-vdso"))
		flags |= NP_MODULE_VDSO;
	return flags;
}

/* The object's path as a debugger would want it.  The loader's name is empty for the program and
 * may be relative to the directory that was current at the dlopen. */
static const char *path_of(const struct object *object, uint8_t flags, char *buffer)
{
	const long bytes = PATH_BYTES_MAX;
	long used;
	size_t name_bytes = 0;

	if (flags & NP_MODULE_VDSO)
		return "[vdso]";
	if (object->name[0] == '/')
		return object->name;
	while (name_bytes < (size_t)bytes && object->name[name_bytes])
		name_bytes++;
	if (name_bytes == 0) {
		/* As it was at attach; cut, where it fills its place. */
		if (object->main && np_sampler.identity.exe[0] &&
		    !np_sampler.identity.exe[sizeof(np_sampler.identity.exe) - 2])
			return np_sampler.identity.exe;
		used = object->main
		     ? np_syscall(SYS_readlink, "/proc/self/exe", buffer, bytes - 1) : 0;
		buffer[used > 0 ? used : 0] = '\0';
		return buffer;
	}
	used = np_syscall(SYS_getcwd, buffer, bytes) - 1;	/* counts the NUL */
	if (used <= 0 || used + 1 + (long)name_bytes + 1 > bytes)
		return object->name;
	buffer[used] = '/';
	memcpy(buffer + used + 1, object->name, name_bytes + 1);
	return buffer;
}

/* A buffer for a path: a page is more than a handler may take of the host's stack.  NULL when as
 * many threads as there are buffers meet their first module at this moment. */
static struct path_buffer *claim_buffer(void)
{
	for (uint32_t i = 0; i < PATH_BUFFERS; i++)
		if (np_exchange_acq_rel(&path_buffers[i].taken, 1) == 0)
			return &path_buffers[i];
	return NULL;
}

__attribute__((noinline)) static uint16_t add_to_spool(struct np_spool *spool,
						       const struct object *object,
						       const struct np_module *module,
						       uint32_t seen_in)
{
	struct path_buffer *buffer = claim_buffer();
	struct np_image image = { object->start, object->end, object->bias };
	struct np_image_facts facts;
	struct np_spool_module entry = {
		.start = module->start, .end = module->end, .bias = module->bias,
		.generation = seen_in, .flags = module->flags,
	};
	uint16_t index;

	np_image_read(&image, object->eh_frame_hdr, &facts);
	entry.build_id_bytes = facts.build_id_bytes;
	memcpy(entry.build_id, facts.build_id, sizeof(entry.build_id));
	index = np_spool_module_add(spool, &entry,
				    buffer ? path_of(object, module->flags, buffer->bytes) : object->name);
	if (buffer)
		np_store_release(&buffer->taken, 0);
	return index;
}

__attribute__((noinline)) static bool unchanged(const struct object *object, const struct np_module *module)
{
	const struct identity *identity = &identities[module->id];
	struct np_image image = { object->start, object->end, object->bias };
	struct np_image_facts facts;

	if (object->end != module->end || object->bias != module->bias)
		return false;
	np_image_read(&image, object->eh_frame_hdr, &facts);
	return facts.eh_frame_hdr == module->eh_frame_hdr &&
	       facts.eh_frame_hdr_bytes == module->eh_frame_hdr_bytes &&
	       fingerprint(object, &facts) == identity->fingerprint;
}

/* An entry that no other thread can see yet; NULL when the table is full. */
__attribute__((noinline)) static struct np_module *make(struct np_spool *spool, const struct object *object, uint32_t now)
{
	struct np_image image = { object->start, object->end, object->bias };
	struct np_image_facts facts;
	struct np_module *module;
	uint32_t id;

	if (np_load_relaxed(&entries_used) >= NP_MODULE_TABLE_MAX)
		return NULL;
	id = np_add_relaxed(&entries_used, 1);
	if (id >= NP_MODULE_TABLE_MAX)
		return NULL;
	module = &np_module_table[id];
	np_image_read(&image, object->eh_frame_hdr, &facts);
	module->start = object->start;
	module->end = object->end;
	module->bias = object->bias;
	module->eh_frame_hdr = facts.eh_frame_hdr;
	module->eh_frame_hdr_bytes = facts.eh_frame_hdr_bytes;
	module->id = (uint16_t)id;
	module->flags = flags_of(object);
	identities[id].handle = object->handle;
	identities[id].fingerprint = fingerprint(object, &facts);
	if (spool) {
		module->index = add_to_spool(spool, object, module, now);
		identities[id].registered = 1;
	}
	np_store_release(&module->generation, now);
	return module;
}

static uint32_t place_of(uintptr_t start)
{
	return (uint32_t)(((start >> 12) * 0x9e3779b97f4a7c15u) >> 32) % PLACES;
}

/* Believed under NOW: registers it first where that was not possible before (no spool yet, or the
 * parent's).  Index before generation: who sees the new generation sees the index. */
static const struct np_module *believe(struct np_spool *spool, const struct object *object,
				       struct np_module *module, uint32_t now)
{
	if (spool && !np_load_acquire(&identities[module->id].registered)) {
		np_store_relaxed(&module->index, add_to_spool(spool, object, module, now));
		np_store_release(&identities[module->id].registered, 1);
	}
	np_store_relaxed(&identities[module->id].handle, object->handle);
	np_store_release(&module->generation, now);
	return module;
}

static bool is_current(const struct np_spool *spool, const struct object *object,
		       const struct np_module *module, uint32_t now)
{
	const struct identity *identity = &identities[module->id];

	return np_load_acquire(&module->generation) == now && object->end == module->end &&
	       object->bias == module->bias && object->handle == np_load_relaxed(&identity->handle) &&
	       (!spool || np_load_acquire(&identity->registered));
}

const struct np_module *np_module_find(struct np_spool *spool, uintptr_t pc)
{
	uint32_t now = np_modules_generation();	/* before asking: an unload after this is seen */
	struct np_module *made = NULL;
	struct object object;
	uint32_t place;

	if (!find_object(pc, &object) || object.end <= object.start)
		return NULL;
	if (spool && !spool->base)
		spool = NULL;
	place = place_of(object.start);
	for (uint32_t probes = 0; probes < PROBES_MAX; probes++) {
		uint16_t *at = &places[place % PLACES];
		uint16_t id = np_load_acquire(at);
		struct np_module *module = &np_module_table[id];

		if (id && module->start == object.start) {
			if (is_current(spool, &object, module, now))
				return module;
			if (unchanged(&object, module))
				return believe(spool, &object, module, now);
			/* Gone, whether or not anybody said so: its rules are dead. */
			np_store_release(&module->generation, 0);
		}
		if (id) {		/* of another object, or of one that was here before */
			place++;
			continue;
		}
		if (!made)
			made = make(spool, &object, now);
		if (!made)
			return NULL;
		if (np_cas_acq_rel(at, &id, made->id))
			return made;
		/* Somebody else put an entry here: look at it. */
	}
	return NULL;
}
