/* SPDX-License-Identifier: MIT
 *
 * symbolizer.c - which of the sources names an address.
 *
 * Context: tools.  Order: a PLT stub; then the symbol table within its sizes (the same names with
 * and without debugging information), debugging information, the function's start by .eh_frame, and
 * at last the bare address.  Where two disagree on where the function begins, the
 * smaller range is right.
 */
#include "symbolize/symbolize.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/message.h"
#include "symbolize/internal.h"

struct np_cached {
	uint64_t address;
	struct np_symbol symbol;	/* line_count 0 = free slot */
};

struct np_symbolizer *np_symbolizer_create(void)
{
	struct np_symbolizer *symbolizer = np_xcalloc(1, sizeof(*symbolizer));

	symbolizer->names = np_names_create();
	return symbolizer;
}

static void destroy_module(struct np_symbol_module *module)
{
	np_dwarf_free(module->dwarf);
	np_module_close(module);
	for (size_t i = 0; i < module->cache_room; i++)
		if (module->cache[i].symbol.line_count)
			free((void *)(uintptr_t)module->cache[i].symbol.lines);
	np_ranges_free(&module->sized);
	np_ranges_free(&module->fdes);
	free(module->path);
	free(module->cache);
	free(module->symbols);
	free(module->sections);
	free(module->plt);
	free(module);
}

void np_symbolizer_destroy(struct np_symbolizer *symbolizer)
{
	if (!symbolizer)
		return;
	for (size_t i = 0; i < symbolizer->module_count; i++)
		destroy_module(symbolizer->modules[i]);
	free(symbolizer->modules);
	np_names_destroy(symbolizer->names);
	free(symbolizer);
}

size_t np_symbolizer_modules(const struct np_symbolizer *symbolizer)
{
	return symbolizer->module_count;
}

const char *np_symbolizer_text(struct np_symbolizer *symbolizer, const char *text)
{
	return np_names_keep(symbolizer->names, text);
}

void np_symbolizer_distrust_after(struct np_symbolizer *symbolizer, uint64_t realtime_ns)
{
	symbolizer->distrust_after_ns = realtime_ns;
}

/* "module" of "module+0xADDRESS": the base name, without the kernel's mark for a deleted file. */
static const char *base_name(struct np_names *names, const char *path)
{
	static const char deleted[] = " (deleted)";
	const char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;
	size_t length = strlen(base);
	char *plain;

	if (length > sizeof(deleted) - 1 &&
		strcmp(base + length - (sizeof(deleted) - 1), deleted) == 0)
		length -= sizeof(deleted) - 1;
	plain = strndup(base, length);
	base = np_names_keep(names, plain && *plain ? plain : "[anon]");
	free(plain);
	return base;
}

struct np_symbol_module *np_symbolizer_module(struct np_symbolizer *symbolizer, const char *path,
					      const uint8_t *build_id, size_t build_id_bytes)
{
	struct np_symbol_module *module;

	if (build_id_bytes > sizeof(module->build_id))
		build_id_bytes = sizeof(module->build_id);
	for (size_t i = 0; i < symbolizer->module_count; i++) {
		module = symbolizer->modules[i];
		if (module->build_id_bytes == build_id_bytes && strcmp(module->path, path) == 0 &&
			(build_id_bytes == 0
				? module->distrust_after_ns == symbolizer->distrust_after_ns
				: memcmp(module->build_id, build_id, build_id_bytes) == 0))
			return module;
	}
	if (symbolizer->module_count == symbolizer->module_room) {
		symbolizer->module_room =
			symbolizer->module_room ? symbolizer->module_room * 2 : 16;
		symbolizer->modules = np_xrealloc(symbolizer->modules, symbolizer->module_room,
						  sizeof(struct np_symbol_module *));
	}
	module = np_xcalloc(1, sizeof(*module));
	module->owner = symbolizer;
	module->path = np_xstrdup(path);
	module->base = base_name(symbolizer->names, path);
	if (build_id_bytes)
		memcpy(module->build_id, build_id, build_id_bytes);
	module->build_id_bytes = build_id_bytes;
	module->distrust_after_ns = symbolizer->distrust_after_ns;
	symbolizer->modules[symbolizer->module_count++] = module;
	return module;
}

static void load(struct np_symbol_module *module)
{
	if (module->loaded)
		return;
	module->loaded = true;
	np_module_open(module);
	if (!module->dwfl)
		return;
	np_fde_load(module);
	np_symtab_load(module);
	np_entry_load(module);
	np_plt_load(module);
	np_dwarf_load(module);
	if (module->note)
		return;
	if (module->symbol_count == 0 && !module->dwarf)
		module->note = module->fdes.count
			? "has no symbols: functions are named by where they start (from .eh_frame)"
			: "has neither symbols nor .eh_frame: addresses are all that is shown";
}

const char *np_symbol_module_note(const struct np_symbol_module *module)
{
	return module->note;
}

static const char *address_name(struct np_symbol_module *module, uint64_t address)
{
	char *text = np_xasprintf("%s+0x%" PRIx64, module->base, address);
	const char *name = np_names_keep(module->owner->names, text);

	free(text);
	return name;
}

static struct np_symbol one_line(const char *name, const char *system_name, uint64_t start,
				 enum np_symbol_source source)
{
	struct np_symbol_line *line = np_xcalloc(1, sizeof(*line));

	*line = (struct np_symbol_line){ .name = name, .system_name = system_name, .file = "" };
	return (struct np_symbol){.lines = line, .line_count = 1, .source = source, .start = start};
}

/* The code at an IFUNC symbol picks the function of that name; it is not that function. */
static const char *table_name(struct np_symbol_module *module, const struct np_table_symbol *symbol)
{
	const char *name = np_names_demangled(module->owner->names, symbol->name);
	char *text;

	if (symbol->type != STT_GNU_IFUNC)
		return name;
	text = np_xasprintf("%s@ifunc", name);
	name = np_names_keep(module->owner->names, text);
	free(text);
	return name;
}

static struct np_symbol from_dwarf(struct np_symbol_module *module,
				   const struct np_dwarf_answer *answer,
				   const struct np_table_symbol *table)
{
	struct np_symbol_line *lines = np_xcalloc(answer->count, sizeof(*lines));
	struct np_names *names = module->owner->names;

	for (size_t i = 0; i < answer->count; i++) {
		const struct np_dwarf_frame *frame = &answer->frames[i];
		bool outermost = i + 1 == answer->count;

		lines[i].file = frame->file;
		lines[i].line = frame->line;
		lines[i].decl_line = frame->decl_line;
		lines[i].inlined = !outermost;
		if (outermost && table && table->type != STT_GNU_IFUNC) {
			lines[i].name = np_names_demangled(names, table->name);
			lines[i].system_name = np_names_keep(names, table->name);
		} else if (frame->raw_name) {
			lines[i].name = np_names_demangled(names, frame->raw_name);
			lines[i].system_name = np_names_keep(names, frame->raw_name);
		} else if (outermost) {
			lines[i].name = table ? table_name(module, table)
					      : address_name(module, answer->start);
			lines[i].system_name = table ? np_names_keep(names, table->name) : "";
		} else {
			lines[i].name = "[inlined]";
			lines[i].system_name = "";
		}
	}
	return (struct np_symbol){ .lines = lines, .line_count = answer->count,
				   .source = NP_SYMBOL_DWARF,
				   .start = table ? table->start : answer->start };
}

static bool agrees(const struct np_table_symbol *table, const struct np_dwarf_answer *answer)
{
	return table->start == answer->start || table->end == table->start ||
	       table->end - table->start <= answer->end - answer->start;
}

static const char *fde_name(struct np_symbol_module *module, const struct np_range *fde)
{
	return fde->start == module->main && module->main ? "main"
	     : fde->start == module->entry && module->entry ? "_start"
	     : address_name(module, fde->start);
}

static struct np_symbol resolve(struct np_symbol_module *module, uint64_t address)
{
	const struct np_plt_slot *slot = np_plt_find(module, address);
	const struct np_range *fde;
	const struct np_table_symbol *table;
	struct np_dwarf_answer answer = { .count = 0, .frames = { { .file = "" } } };
	struct np_symbol symbol;
	struct np_symbol_line *line;
	size_t section;

	if (!module->dwfl || !np_module_in_code(module, address, &section))
		return one_line(address_name(module, address), "", address, NP_SYMBOL_NONE);
	if (slot)
		return one_line(slot->name, np_names_keep(module->owner->names, slot->target),
				slot->start, NP_SYMBOL_PLT);
	fde = np_ranges_smallest(&module->fdes, address);
	table = np_symtab_find(module, address, fde);
	if (module->dwarf)
		np_dwarf_find(module, address, &answer);
	if (answer.count)
		return from_dwarf(module, &answer, table && agrees(table, &answer) ? table : NULL);
	if (table)
		symbol = one_line(table_name(module, table),
				  np_names_keep(module->owner->names, table->name), table->start,
				  NP_SYMBOL_TABLE);
	else if (fde)
		symbol = one_line(fde_name(module, fde), "", fde->start, NP_SYMBOL_FDE);
	else
		return one_line(address_name(module, address), "", address, NP_SYMBOL_NONE);
	line = (struct np_symbol_line *)(uintptr_t)symbol.lines;
	line->file = answer.frames[0].file;
	line->line = answer.frames[0].line;
	return symbol;
}

static struct np_cached *cache_slot(const struct np_symbol_module *module, uint64_t address)
{
	size_t mask = module->cache_room - 1;
	size_t i = (size_t)(address * 0x9e3779b97f4a7c15ull >> 20) & mask;

	while (module->cache[i].symbol.line_count && module->cache[i].address != address)
		i = (i + 1) & mask;
	return &module->cache[i];
}

static void grow_cache(struct np_symbol_module *module)
{
	struct np_cached *old = module->cache;
	size_t room = module->cache_room;

	module->cache_room = room ? room * 2 : 64;
	module->cache = np_xcalloc(module->cache_room, sizeof(*old));
	for (size_t i = 0; i < room; i++)
		if (old[i].symbol.line_count)
			*cache_slot(module, old[i].address) = old[i];
	free(old);
}

void np_symbolize(struct np_symbol_module *module, uint64_t address, bool is_call,
		  struct np_symbol *ret)
{
	struct np_cached *cached;

	load(module);
	if (is_call && address > 0)
		address--;
	if ((module->cache_count + 1) * 2 > module->cache_room)
		grow_cache(module);
	cached = cache_slot(module, address);
	if (cached->symbol.line_count == 0) {
		cached->address = address;
		cached->symbol = resolve(module, address);
		module->cache_count++;
	}
	*ret = cached->symbol;
}
