/* SPDX-License-Identifier: MIT
 *
 * internal.h - the inside of the symbolizer, for src/symbolize only.
 *
 * Addresses in these structures are those of the ELF file (what `nm` prints), unless they are
 * called otherwise.  Everything about a module is read when it is first asked for.
 */
#ifndef NP_SYMBOLIZE_INTERNAL_H
#define NP_SYMBOLIZE_INTERNAL_H

#include <elfutils/libdwfl.h>
#include <gelf.h>
#include <stdbool.h>

#include "symbolize/names.h"
#include "symbolize/ranges.h"
#include "symbolize/symbolize.h"

/* An executable section, or an executable segment where there are no sections. */
struct np_section {
	uint64_t start, end;
};

struct np_table_symbol {
	const char *name;	/* as in the file, without its version; lives as long as the Dwfl */
	uint64_t start, end;	/* end = start: the table does not tell its size */
	uint8_t bind, type;	/* STB_*, STT_* */
	bool versioned;		/* an old version: an alias without one is the better name */
};

struct np_plt_slot {
	uint64_t start, end;
	const char *name;	/* "target@plt", kept by names */
	const char *target;	/* as in the symbol table */
};

struct np_dwarf;		/* dwarf.c */

struct np_symbol_module {
	struct np_symbolizer *owner;
	char *path;
	const char *base;	/* of path, kept by names */
	uint8_t build_id[64];
	size_t build_id_bytes;
	uint64_t distrust_after_ns;	/* the symbolizer's, when it was asked for */
	const char *note;

	bool loaded;		/* all of the below was tried */
	Dwfl *dwfl;		/* NULL: nothing can be known about it */
	Dwfl_Module *dwfl_module;
	Elf *elf;		/* the main file's, owned by dwfl */
	uint64_t bias;		/* Dwfl address - address in the file */

	struct np_section *sections;
	size_t section_count;

	struct np_table_symbol *symbols;	/* sorted: start, then best alias first */
	size_t symbol_count;
	struct np_ranges sized;			/* id = index into symbols */

	struct np_ranges fdes;

	uint64_t entry, main;			/* of a program; 0 = not known */
	uint64_t main_call_slot; /* GOT slot of the function that _start gives main to */

	struct np_plt_slot *plt;		/* sorted by start */
	size_t plt_count;

	struct np_dwarf *dwarf;			/* NULL: none */

	struct np_cached *cache;		/* open addressing by address */
	size_t cache_count, cache_room;
};

struct np_symbolizer {
	struct np_names *names;
	struct np_symbol_module **modules;
	size_t module_count, module_room;
	uint64_t distrust_after_ns;		/* 0 = never */
	char *debug_path;			/* libdwfl's default list of places */
};

/* open.c: find the file and check that it is the right one; sets module->dwfl or ->note. */
void np_module_open(struct np_symbol_module *module);
void np_module_close(struct np_symbol_module *module);
bool np_module_in_code(
	const struct np_symbol_module *module, uint64_t address, size_t *ret_section);

/* symtab.c */
void np_symtab_load(struct np_symbol_module *module);

/* The symbol that ADDRESS belongs to by the symbol table and the bounds in .eh_frame, or NULL. */
const struct np_table_symbol *np_symtab_find(
	const struct np_symbol_module *module, uint64_t address, const struct np_range *fde);

/* fde.c: bounds of all functions that have unwind rules. */
void np_fde_load(struct np_symbol_module *module);

/* entry.c: _start and main of a program; before np_plt_load(), which confirms the latter. */
void np_entry_load(struct np_symbol_module *module);

/* plt.c */
void np_plt_load(struct np_symbol_module *module);
const struct np_plt_slot *np_plt_find(const struct np_symbol_module *module, uint64_t address);

/* dwarf.c: what debugging information says about an address. */
#define NP_INLINE_DEPTH_MAX 64

struct np_dwarf_frame {
	const char *raw_name;	/* linkage name, else name; NULL when there is none */
	const char *file;	/* kept by names; "" when unknown */
	uint32_t line, decl_line;
};

struct np_dwarf_answer {
	struct np_dwarf_frame frames[NP_INLINE_DEPTH_MAX];	/* innermost first */
	size_t count;		/* 0: no function known; frames[0].file and line may still be */
	uint64_t start, end;	/* the range of the outermost function around the address */
};

void np_dwarf_load(struct np_symbol_module *module);
void np_dwarf_free(struct np_dwarf *dwarf);
void np_dwarf_find(struct np_symbol_module *module, uint64_t address,
		   struct np_dwarf_answer *ret);

#endif
