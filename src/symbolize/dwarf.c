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
	struct scoped *scoped;		/* sorted by offset, as the walk meets them */
	size_t scoped_count, scoped_room;
};

/* A C++ function without a linkage name (static, or in an unnamed namespace). */
struct scoped {
	Dwarf_Off offset;
	const char *name;		/* "ns::f", kept by names */
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

static bool is_named_scope(int tag)
{
	return tag == DW_TAG_namespace || tag == DW_TAG_class_type ||
	       tag == DW_TAG_structure_type || tag == DW_TAG_union_type;
}

/* stack[DEPTH] is a function within the DIEs below it on the stack. */
static void add_scoped(struct unit *unit, Dwarf_Die *stack, size_t depth, struct np_names *names)
{
	const char *name = dwarf_diename(&stack[depth]);
	char *whole, *longer;

	if (!name || !dwarf_hasattr(&stack[depth], DW_AT_name) || depth == 0 ||
	    dwarf_hasattr(&stack[depth], DW_AT_linkage_name) ||
	    dwarf_hasattr(&stack[depth], DW_AT_MIPS_linkage_name) ||
	    !is_named_scope(dwarf_tag(&stack[depth - 1])))
		return;
	whole = np_xstrdup(name);
	for (size_t i = depth; i-- > 0 && is_named_scope(dwarf_tag(&stack[i]));) {
		name = dwarf_diename(&stack[i]);
		longer = np_xasprintf("%s::%s", name && *name ? name
				      : dwarf_tag(&stack[i]) == DW_TAG_namespace
				      ? "(anonymous namespace)" : "{unnamed}", whole);
		free(whole);
		whole = longer;
	}
	if (unit->scoped_count == unit->scoped_room) {
		unit->scoped_room = unit->scoped_room ? unit->scoped_room * 2 : 64;
		unit->scoped = np_xrealloc(unit->scoped, unit->scoped_room, sizeof(*unit->scoped));
	}
	unit->scoped[unit->scoped_count++] = (struct scoped){
		.offset = dwarf_dieoffset(&stack[depth]), .name = np_names_keep(names, whole),
	};
	free(whole);
}

/* Collect the functions of UNIT, also nested ones and those of local classes. */
static void load_functions(struct unit *unit, struct np_names *names)
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

		if (tag == DW_TAG_subprogram) {
			add_function(unit, die);
			add_scoped(unit, stack, depth, names);
		}
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
static void add_unit(struct np_dwarf *dwarf, Dwarf_Die *lines, Dwarf_Die *functions,
		     struct np_names *names)
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
	load_functions(unit, names);
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
		add_unit(dwarf, &die, type == DW_UT_skeleton && split.addr ? &split : &die,
			 module->owner->names);
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
		free(dwarf->units[i].scoped);
	}
	np_ranges_free(&dwarf->ranges);
	free(dwarf->units);
	free(dwarf);
}

/* The name with its scopes, when the DIE that has the name lies in UNIT. */
static const char *scoped_name(const struct unit *unit, Dwarf_Die *die)
{
	Dwarf_Attribute attribute;
	Dwarf_Die origin = *die;
	size_t low = 0, high = unit->scoped_count;
	Dwarf_Off offset;

	for (int steps = 0; steps < 8 && !dwarf_hasattr(&origin, DW_AT_name); steps++)
		if ((!dwarf_attr(&origin, DW_AT_abstract_origin, &attribute) &&
		     !dwarf_attr(&origin, DW_AT_specification, &attribute)) ||
		    !dwarf_formref_die(&attribute, &origin))
			return NULL;
	if (origin.cu != unit->functions.cu)	/* offsets count from another section, perhaps */
		return NULL;
	offset = dwarf_dieoffset(&origin);
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (unit->scoped[middle].offset < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low < unit->scoped_count && unit->scoped[low].offset == offset
	     ? unit->scoped[low].name : NULL;
}

static const char *raw_name(const struct unit *unit, Dwarf_Die *die)
{
	Dwarf_Attribute attribute;
	const char *name = NULL;

	if (dwarf_attr_integrate(die, DW_AT_linkage_name, &attribute) ||
	    dwarf_attr_integrate(die, DW_AT_MIPS_linkage_name, &attribute))
		name = dwarf_formstring(&attribute);
	if (!name || !*name)
		name = scoped_name(unit, die);
	return name ? name : dwarf_diename(die);
}

/* Can code of its own lie below, without being a function that was called? */
static bool is_block(int tag)
{
	return tag == DW_TAG_lexical_block || tag == DW_TAG_try_block ||
	       tag == DW_TAG_catch_block || tag == DW_TAG_with_stmt;
}

/* Inlined calls around an address, outermost first. */
struct chain {
	Dwarf_Die at[NP_INLINE_DEPTH_MAX - 1];
	size_t count;
};

/* Does DIE hold code at PC?  Blocks that do not tell where they are, are looked into. */
static bool may_hold(Dwarf_Die *die, int tag, Dwarf_Addr pc)
{
	if (tag != DW_TAG_inlined_subroutine && !is_block(tag))
		return false;
	return dwarf_haspc(die, pc) > 0 ||
	       (tag != DW_TAG_inlined_subroutine && !dwarf_hasattr(die, DW_AT_low_pc) &&
		!dwarf_hasattr(die, DW_AT_ranges));
}

/* The inlined calls in FUNCTION around PC.  Compilers let blocks overlap that should not: all that
 * hold PC are walked, and the deepest nest counts. */
static void find_chain(Dwarf_Die *function, Dwarf_Addr pc, struct chain *best)
{
	Dwarf_Die stack[NESTING_MAX];
	size_t inlined[NESTING_MAX] = { 0 };	/* calls outside of what lies at each depth */
	struct chain now;
	size_t depth = 0, count;

	best->count = 0;
	if (dwarf_child(function, &stack[0]) != 0)
		return;
	for (unsigned n = 0; n < DIES_MAX; n++) {
		int tag = dwarf_tag(&stack[depth]);

		if (may_hold(&stack[depth], tag, pc)) {
			count = inlined[depth];
			if (tag == DW_TAG_inlined_subroutine &&
			    count < sizeof(now.at) / sizeof(now.at[0]))
				now.at[count++] = stack[depth];
			if (count > best->count) {
				memcpy(best->at, now.at, count * sizeof(now.at[0]));
				best->count = count;
			}
			if (depth + 1 < NESTING_MAX &&
			    dwarf_child(&stack[depth], &stack[depth + 1]) == 0) {
				inlined[++depth] = count;
				continue;
			}
		}
		while (dwarf_siblingof(&stack[depth], &stack[depth]) != 0) {
			if (depth-- == 0)
				return;
		}
	}
}

/* The file that attribute NAME of DIE, or of where it was declared, gives by its number.  (Not
 * dwarf_decl_file(): up to elfutils 0.188 it aborts at split units.) */
static const char *file_of(Dwarf_Die *die, unsigned name)
{
	Dwarf_Attribute attribute;
	Dwarf_Word index;
	Dwarf_Files *files;
	Dwarf_Die unit;
	size_t count;

	if (!dwarf_attr_integrate(die, name, &attribute) ||
	    dwarf_formudata(&attribute, &index) != 0 || !attribute.cu ||
	    !dwarf_cu_die(attribute.cu, &unit, NULL, NULL, NULL, NULL, NULL, NULL) ||
	    dwarf_getsrcfiles(&unit, &files, &count) != 0 || index >= count)
		return NULL;
	return dwarf_filesrc(files, index, NULL, NULL);
}

static Dwarf_Word number_of(Dwarf_Die *die, unsigned name)
{
	Dwarf_Attribute attribute;
	Dwarf_Word value;

	return dwarf_attr_integrate(die, name, &attribute) &&
	       dwarf_formudata(&attribute, &value) == 0 ? value : 0;
}

/* FILE and LINE tell where the frame's code is, which an #include may have put elsewhere than the
 * function's declaration: then the line of that is of no use beside FILE. */
static void describe(struct np_symbol_module *module, const struct unit *unit, Dwarf_Die *die,
		     const char *file, Dwarf_Word line, struct np_dwarf_frame *ret)
{
	const char *declared = file_of(die, DW_AT_decl_file);
	Dwarf_Word decl_line = number_of(die, DW_AT_decl_line);

	ret->raw_name = raw_name(unit, die);
	ret->line = file && line <= UINT32_MAX ? (uint32_t)line : 0;
	ret->decl_line = 0;
	if (declared && (!file || strcmp(file, declared) == 0)) {
		ret->decl_line = decl_line <= UINT32_MAX ? (uint32_t)decl_line : 0;
		file = declared;
	}
	ret->file = np_names_keep(module->owner->names, file ? file : "");
}

/* DIE is the function around PC; FILE and LINE belong to the innermost frame. */
static void describe_chain(struct np_symbol_module *module, const struct unit *unit, Dwarf_Die *die,
			   Dwarf_Addr pc, const char *file, Dwarf_Word line,
			   struct np_dwarf_answer *ret)
{
	struct chain chain;

	find_chain(die, pc, &chain);
	for (size_t i = 0; i < chain.count; i++) {
		Dwarf_Die *at = &chain.at[chain.count - 1 - i];

		describe(module, unit, at, file, line, &ret->frames[i]);
		file = file_of(at, DW_AT_call_file);
		line = number_of(at, DW_AT_call_line);
	}
	describe(module, unit, die, file, line, &ret->frames[chain.count]);
	ret->count = chain.count + 1;
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
	load_functions(unit, module->owner->names);
	range = np_ranges_smallest(&unit->ranges, pc);
	if (!range) {		/* assembly: lines without functions */
		ret->frames[0].file = np_names_keep(module->owner->names, file ? file : "");
		ret->frames[0].line = (uint32_t)number;
		return;
	}
	describe_chain(module, unit, &unit->dies[range->id], pc, file, (Dwarf_Word)number, ret);
	ret->start = range->start - dwarf->bias;
	ret->end = range->end - dwarf->bias;
}
