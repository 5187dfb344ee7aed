// SPDX-License-Identifier: MIT
//
// source.js - the source of the selected function, with the own time of each line.
//
// There is something to show when the page was made with sources; else the tab says where the function
// is, if anybody knows.
// Needs: words.js, panels.js.
(page => {
'use strict';

const { percent } = page.words;
let panel;

function drawLines(source, first) {
	const whole = page.profile.total[0] || 1, list = page.make('div', { class: 'source', role: 'table', 'aria-label': 'Source' }, panel);
	const most = Math.max(0, ...source.self.values());
	let target = null;

	source.lines.forEach((text, i) => {
		const number = source.first + i, value = source.self.get(number) || 0;
		const line = page.make('div', { role: 'row', class: number === first ? 'line first' : 'line' }, list);
		const share = page.make('span', { role: 'cell', class: 'share' }, line, value ? percent(value / whole) : '');

		share.style.setProperty('--heat', most ? value / most : 0);
		page.make('span', { role: 'cell', class: 'number' }, line, number);
		page.make('code', { role: 'cell' }, line, text);
		target = number === first ? line : target;
	});
	if (target)
		panel.scrollTop = Math.max(0, target.offsetTop - panel.clientHeight / 3);
}

function draw() {
	const { profile, state } = page, of = page.functionOf(state.selected);
	const source = state.selected && of.index < profile.functions.n
		? profile.sources && profile.sources[profile.functions.file[of.index]] : null;

	panel.textContent = '';
	page.make('p', { class: 'hint' }, panel, !state.selected ? 'Choose a function in the graph or in the ranking.'
		: of.file ? of.name + ' \u00b7 ' + of.file + (of.line ? ':' + of.line : '') +
			(source ? '' : ' \u00b7 the text is not in this page')
		: of.name + ' \u00b7 no line data: the program was built without it, or the profile does not carry it');
	if (source)
		drawLines(source, of.line);
}

page.ready(() => {
	const redraw = () => page.isOpen('source') && draw();

	page.addTab('source', 'Source', place => {
		panel = place;
	});
	page.on('tab', redraw);
	page.on('view', redraw);
	page.on('change', patch => 'selected' in patch && redraw());
});
})(page);
