/* SPDX-License-Identifier: MIT
 *
 * dwarf.c - functions, inlined calls and lines from debugging information.
 *
 * Context: tools.  .debug_aranges is not relied on (clang writes none): the ranges of all units are
 * read once, those of a unit's functions when an address first lies in it.  Walks are iterative and
 * bounded, since the sections may come from a hostile file.
 */
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <stdlib.h>
#include <string.h>

#include "base/message.h"
#include "symbolize/internal.h"

#define NESTING_MAX 64			/* scopes within scopes that are followed */
#define DIES_MAX    (1u << 24)		/* of one unit that are looked at */
#define RANGES_MAX  (1u << 16)		/* of one DIE */

struct unit {
	Dwarf_Die lines;		/* has the line table: the skeleton of a split unit */
	Dwarf_Die functions;		/* has the functions */
	bool loaded;
	struct np_ranges ranges;	/* of functions; id = index into dies */
	Dwarf_Die *dies;
	size_t die_count, die_room;
};

struct np_dwarf {
	uint64_t bias;			/* address in the file + bias = address in the DWARF */
	struct unit *units;
	size_t unit_count, unit_room;
	struct np_ranges ranges;	/* of units; id = index into units */
};

/* Add the code ranges of DIE to RANGES.  Returns how many there were. */
static size_t add_ranges(struct np_ranges *ranges, Dwarf_Die *die, uint32_t id)
{
	Dwarf_Addr base, start, end;
	ptrdiff_t offset = 0;
	size_t count = 0;

	while (count < RANGES_MAX &&
	       (offset = dwarf_ranges(die, offset, &base, &start, &end)) > 0) {
		/* A function that the linker dropped is left behind at 0, 1 or the top. */
		if (start > 1 && start < end && end - start < (1ull << 40))
			np_ranges_add(ranges, start, end, id);
		count++;
	}
	return count;
}

/* May a function lie below this DIE? */
static bool is_scope(int tag)
{
	switch (tag) {
	case DW_TAG_namespace:
	case DW_TAG_module:
	case DW_TAG_class_type:
	case DW_TAG_structure_type:
	case DW_TAG_union_type:
	case DW_TAG_interface_type:
	case DW_TAG_subprogram:
	case DW_TAG_lexical_block:
	case DW_TAG_common_block:
		return true;
	default:
		return false;
	}
}

static void add_function(struct unit *unit, Dwarf_Die *die)
{
	size_t before = unit->ranges.count;

	if (add_ranges(&unit->ranges, die, (uint32_t)unit->die_count) == 0 ||
	    unit->ranges.count == before)
		return;
	if (unit->die_count == unit->die_room) {
		unit->die_room = unit->die_room ? unit->die_room * 2 : 64;
		unit->dies = np_xrealloc(unit->dies, unit->die_room, sizeof(*unit->dies));
	}
	unit->dies[unit->die_count++] = *die;
}

/* Collect the functions of UNIT, also nested ones and those of local classes. */
static void load_functions(struct unit *unit)
{
	Dwarf_Die stack[NESTING_MAX];
	size_t depth = 0;

	if (unit->loaded)
		return;
	unit->loaded = true;
	if (dwarf_child(&unit->functions, &stack[0]) != 0)
		return;
	for (unsigned n = 0; n < DIES_MAX; n++) {
		Dwarf_Die *die = &stack[depth];
		int tag = dwarf_tag(die);

		if (tag == DW_TAG_subprogram)
			add_function(unit, die);
		if (is_scope(tag) && depth + 1 < NESTING_MAX &&
		    dwarf_child(die, &stack[depth + 1]) == 0) {
			depth++;
			continue;
		}
		while (dwarf_siblingof(&stack[depth], &stack[depth]) != 0) {
			if (depth == 0)
				goto done;
			depth--;
		}
	}
done:
	np_ranges_finish(&unit->ranges);
}

/* A unit that does not tell its ranges has those of its functions. */
static void add_unit(struct np_dwarf *dwarf, Dwarf_Die *lines, Dwarf_Die *functions)
{
	uint32_t id = (uint32_t)dwarf->unit_count;
	struct unit *unit;

	if (dwarf->unit_count == dwarf->unit_room) {
		dwarf->unit_room = dwarf->unit_room ? dwarf->unit_room * 2 : 64;
		dwarf->units = np_xrealloc(dwarf->units, dwarf->unit_room, sizeof(*dwarf->units));
	}
	unit = &dwarf->units[dwarf->unit_count++];
	*unit = (struct unit){ .lines = *lines, .functions = *functions };
	if (add_ranges(&dwarf->ranges, lines, id) > 0)
		return;
	load_functions(unit);
	for (size_t i = 0; i < unit->ranges.count; i++)
		np_ranges_add(&dwarf->ranges, unit->ranges.at[i].start, unit->ranges.at[i].end, id);
}

void np_dwarf_load(struct np_symbol_module *module)
{
	Dwarf_Addr bias = 0;
	Dwarf *debug = dwfl_module_getdwarf(module->dwfl_module, &bias);
	struct np_dwarf *dwarf;
	Dwarf_CU *cu = NULL;
	Dwarf_Die die, split;
	uint8_t type;

	if (!debug)
		return;
	dwarf = np_xcalloc(1, sizeof(*dwarf));
	dwarf->bias = module->bias - bias;
	while (dwarf_get_units(debug, cu, &cu, NULL, &type, &die, &split) == 0) {
		if (type != DW_UT_compile && type != DW_UT_skeleton)
			continue;
		add_unit(dwarf, &die, type == DW_UT_skeleton && split.addr ? &split : &die);
	}
	np_ranges_finish(&dwarf->ranges);
	module->dwarf = dwarf;
}

void np_dwarf_free(struct np_dwarf *dwarf)
{
	if (!dwarf)
		return;
	for (size_t i = 0; i < dwarf->unit_count; i++) {
		np_ranges_free(&dwarf->units[i].ranges);
		free(dwarf->units[i].dies);
	}
	np_ranges_free(&dwarf->ranges);
	free(dwarf->units);
	free(dwarf);
}

static const char *raw_name(Dwarf_Die *die)
{
	Dwarf_Attribute attribute;
	const char *name = NULL;

	if (dwarf_attr_integrate(die, DW_AT_linkage_name, &attribute) ||
	    dwarf_attr_integrate(die, DW_AT_MIPS_linkage_name, &attribute))
		name = dwarf_formstring(&attribute);
	return name && *name ? name : dwarf_diename(die);
}

/* Can code of its own lie below, without being a function that was called? */
static bool is_block(int tag)
{
	return tag == DW_TAG_lexical_block || tag == DW_TAG_try_block || tag == DW_TAG_catch_block ||
	       tag == DW_TAG_with_stmt;
}

/* The child of DIE around PC that is a block or an inlined call; blocks that do not tell where they
 * are, are looked through. */
static bool scope_around(Dwarf_Die *die, Dwarf_Addr pc, Dwarf_Die *ret)
{
	Dwarf_Die stack[NESTING_MAX];
	size_t depth = 0;

	if (dwarf_child(die, &stack[0]) != 0)
		return false;
	for (unsigned n = 0; n < DIES_MAX; n++) {
		int tag = dwarf_tag(&stack[depth]);
		bool block = is_block(tag);

		if ((block || tag == DW_TAG_inlined_subroutine) &&
		    dwarf_haspc(&stack[depth], pc) > 0) {
			*ret = stack[depth];
			return true;
		}
		if (block && depth + 1 < NESTING_MAX &&
		    !dwarf_hasattr(&stack[depth], DW_AT_low_pc) &&
		    !dwarf_hasattr(&stack[depth], DW_AT_ranges) &&
		    dwarf_child(&stack[depth], &stack[depth + 1]) == 0) {
			depth++;
			continue;
		}
		while (dwarf_siblingof(&stack[depth], &stack[depth]) != 0) {
			if (depth == 0)
				return false;
			depth--;
		}
	}
	return false;
}

static const char *file_at(Dwarf_Die *die, Dwarf_Word index)
{
	Dwarf_Die unit;
	Dwarf_Files *files;
	size_t count;

	if (!dwarf_diecu(die, &unit, NULL, NULL) || dwarf_getsrcfiles(&unit, &files, &count) != 0 ||
	    index >= count)
		return NULL;
	return dwarf_filesrc(files, index, NULL, NULL);
}

static Dwarf_Word number_of(Dwarf_Die *die, unsigned name)
{
	Dwarf_Attribute attribute;
	Dwarf_Word value;

	return dwarf_attr(die, name, &attribute) && dwarf_formudata(&attribute, &value) == 0 ? value : 0;
}

/* FILE and LINE tell where the frame's code is, which an #include may have put elsewhere than the
 * function's declaration: then the line of that is of no use beside FILE. */
static void describe(struct np_symbol_module *module, Dwarf_Die *die, const char *file,
		     Dwarf_Word line, struct np_dwarf_frame *ret)
{
	const char *declared = dwarf_decl_file(die);
	int decl_line = 0;

	if (dwarf_decl_line(die, &decl_line) != 0 || decl_line < 0)
		decl_line = 0;
	ret->raw_name = raw_name(die);
	ret->line = file && line <= UINT32_MAX ? (uint32_t)line : 0;
	ret->decl_line = 0;
	if (declared && (!file || strcmp(file, declared) == 0)) {
		ret->decl_line = (uint32_t)decl_line;
		file = declared;
	}
	ret->file = np_names_keep(module->owner->names, file ? file : "");
}

/* DIE is the function around PC; FILE and LINE belong to the innermost frame. */
static void describe_chain(struct np_symbol_module *module, Dwarf_Die *die, Dwarf_Addr pc,
			   const char *file, Dwarf_Word line, struct np_dwarf_answer *ret)
{
	Dwarf_Die chain[NP_INLINE_DEPTH_MAX];	/* outermost first */
	Dwarf_Die scope = *die, inner;
	size_t count = 1;

	chain[0] = *die;
	for (int nesting = 0; nesting < 4 * NESTING_MAX && count < NP_INLINE_DEPTH_MAX &&
			      scope_around(&scope, pc, &inner); nesting++) {
		scope = inner;
		if (dwarf_tag(&inner) == DW_TAG_inlined_subroutine)
			chain[count++] = inner;
	}
	for (size_t i = 0; i < count; i++) {
		Dwarf_Die *at = &chain[count - 1 - i];

		describe(module, at, file, line, &ret->frames[i]);
		file = file_at(at, number_of(at, DW_AT_call_file));
		line = number_of(at, DW_AT_call_line);
	}
	ret->count = count;
}

void np_dwarf_find(struct np_symbol_module *module, uint64_t address, struct np_dwarf_answer *ret)
{
	struct np_dwarf *dwarf = module->dwarf;
	Dwarf_Addr pc = address + dwarf->bias;
	const struct np_range *range = np_ranges_smallest(&dwarf->ranges, pc);
	struct unit *unit;
	Dwarf_Line *line;
	const char *file;
	int number = 0;

	ret->count = 0;
	ret->frames[0] = (struct np_dwarf_frame){ .file = "" };
	if (!range)
		return;
	unit = &dwarf->units[range->id];
	line = dwarf_getsrc_die(&unit->lines, pc);
	file = line ? dwarf_linesrc(line, NULL, NULL) : NULL;
	if (!file || dwarf_lineno(line, &number) != 0 || number < 0)
		number = 0;
	load_functions(unit);
	range = np_ranges_smallest(&unit->ranges, pc);
	if (!range) {		/* assembly: lines without functions */
		ret->frames[0].file = np_names_keep(module->owner->names, file ? file : "");
		ret->frames[0].line = (uint32_t)number;
		return;
	}
	describe_chain(module, &unit->dies[range->id], pc, file, (Dwarf_Word)number, ret);
	ret->start = range->start - dwarf->bias;
	ret->end = range->end - dwarf->bias;
}
