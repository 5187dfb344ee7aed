// SPDX-License-Identifier: MIT
//
// source.js - the source of the selected function, with what each line takes.
//
// There is text to show when the page was made with --sources; else the tab says where the function is,
// if anybody knows.
// Needs: words.js, panels.js.
(page => {
'use strict';

const { percent } = page.words;
let panel, chosen = null;	// a file that was asked for by name

function addShare(line, value, title) {
	const share = value / (page.profile.total[0] || 1);
	const cell = page.make('span', { role: 'cell', class: 'share', title }, line, value ? percent(share) : '');

	cell.style.setProperty('--heat', Math.min(1, Math.sqrt(share * 4)).toFixed(3));
}

function drawLines(source, first) {
	const list = page.make('div', { class: 'source', role: 'table', 'aria-label': 'Source' }, panel);
	const head = page.make('div', { role: 'row', class: 'line heads' }, list);
	let last = 0, target = null;

	for (const [words, kind] of [['Self', 'share'], ['Total', 'share'], ['Line', 'number'], ['Text', '']])
		page.make('span', { role: 'columnheader', class: kind }, head, words);
	for (const { number, self, inlined, total, text } of source.lines) {
		if (last && number > last + 1)
			page.make('div', { class: 'gap' }, list, '\u22ef');
		const line = page.make('div', { role: 'row', class: number === first ? 'line first' : 'line' }, list);

		addShare(line, self, inlined ? percent(inlined / (page.profile.total[0] || 1)) +
			 ' of all in what was inlined here' : undefined);
		addShare(line, total);
		page.make('span', { role: 'cell', class: 'number' }, line, number);
		page.make('code', { role: 'cell' }, line, text);
		// The nearest line at or before the beginning of the function; else the first one.
		target = !target || number <= first ? line : target;
		last = number;
	}
	panel.scrollTop = first && target ? Math.max(0, target.offsetTop - panel.clientHeight / 3) : 0;
}

function drawChoice(sources, index) {
	const line = page.make('p', {}, panel);
	const select = page.make('select', { 'aria-label': 'File', onchange: () => {
		chosen = select.value;
		draw();
	} }, line);
	const order = Object.keys(sources).sort((a, b) => sources[b].value - sources[a].value);

	for (const key of order)
		page.make('option', { value: key }, select, sources[key].file + ', ' +
			  percent(sources[key].value / (page.profile.total[0] || 1)));
	if (!sources[index])
		page.make('option', { value: '' }, select, 'choose a file');
	select.value = sources[index] ? index : '';
}

function draw() {
	const { profile, state } = page, of = page.functionOf(state.selected), { sources } = profile;
	const own = state.selected && of.index < profile.functions.n
		? String(profile.functions.file[of.index]) : '';
	const index = chosen === null ? own : chosen;

	panel.textContent = '';
	page.make('p', { class: 'hint' }, panel, !state.selected ? 'Choose a function in the graph or in the ranking.'
		: of.file ? of.name + ' \u00b7 ' + of.file + (of.line ? ':' + of.line : '') +
			(sources[own] ? '' : ' \u00b7 not in this page: ' +
				'made without --sources, or the file was not found')
		: of.name + ' \u00b7 no line data: the program was built without it, ' +
			'or the profile does not carry it');
	if (Object.keys(sources).length)
		drawChoice(sources, index);
	if (sources[index])
		drawLines(sources[index], index === own ? of.line : 0);
}

page.ready(() => {
	const redraw = () => page.isOpen('source') && draw();

	page.addTab('source', 'Source', place => {
		panel = place;
	});
	page.on('tab', redraw);
	page.on('view', redraw);
	page.on('change', patch => {
		if (!('selected' in patch))
			return;
		chosen = null;
		redraw();
	});
});
})(page);
