// SPDX-License-Identifier: MIT
//
// panels.js - the page around the graph: bar, graph, tabs below it, status line, details at the pointer.
//
// Makes, on start, these places; whoever fills one does so in a page.ready() of a later file:
//	place.title, .bar (controls), .chips (transforms, legend), .graph, .tabs, .status, .tip, .live
// page.addTab(id, label, build)	build(panel) once, when the tab is first opened; page.state.tab is its id
// page.say(text)			to those who listen instead of looking
// page.valueOf(value)			in words, with the profile's unit
// page.selectName(name, zoom)	select the widest box of a function, and zoom in on it or not
// page.details(node)			what is known of a node: [label, words] pairs
// page.copy(text)			to the clipboard, also where the browser trusts no file://
// Needs: words.js, palette.js.  Names enter the document as text only.
(page => {
'use strict';

const { NBSP, percent, grouped, valueInWords, wilson } = page.words;
const tabs = new Map();

const place = page.place = {};

// make('button', { class: 'x', onclick: f }, parent, 'text')
page.make = (tag, attributes, parent, text) => {
	const element = document.createElement(tag);

	for (const [key, value] of Object.entries(attributes || {})) {
		if (typeof value === 'function')
			element.addEventListener(key.slice(2), value);
		else if (value !== undefined && value !== false)
			element.setAttribute(key, value === true ? '' : value);
	}
	if (text !== undefined)
		element.textContent = text;
	if (parent)
		parent.appendChild(element);
	return element;
};
const make = page.make;

page.button = (parent, label, title, onclick, attributes) =>
	make('button', { type: 'button', title, 'aria-label': /\w\w/.test(label) ? undefined : title,
			 onclick, ...attributes }, parent, label);

page.say = text => {
	place.live.textContent = text;
};

// navigator.clipboard is for secure places only, and a file is none everywhere.
page.copy = async text => {
	try {
		await navigator.clipboard.writeText(text);
	} catch (error) {
		const area = make('textarea', { class: 'away', 'aria-hidden': 'true' }, document.body);

		area.value = text;
		area.select();
		document.execCommand('copy');
		area.remove();
	}
};

/* Details */

page.valueOf = value => {
	const { unit, type, decimals } = page.profile;

	return valueInWords(decimals ? value / 10 ** decimals : value, unit === 'count' ? type : unit);
};

// "12.3 % of all (95 %: 11.0 … 13.7 %)"
function ofAll(value, samples) {
	const { profile } = page, share = value / (profile.total[0] || 1);
	const [low, high] = wilson(share, profile.totalSamples[0]);

	return percent(share) + ' of all' + (profile.samplesKnown && samples < profile.totalSamples[0]
		? ' (95' + NBSP + '%: ' + percent(low) + ' \u2026 ' + percent(high) + ')' : '');
}

page.details = node => {
	const { view, profile, state } = page, of = page.functionOf(node), result = [];
	const total = view.total[node], zoom = state.zoom;
	let share = ofAll(total, view.totalSamples[node]);

	if (node && view.parent[node])
		share += ' \u00b7 ' + percent(total / view.total[view.parent[node]]) + ' of its caller';
	if (zoom && node > zoom && node < view.end[zoom])
		share += ' \u00b7 ' + percent(total / view.total[zoom]) + ' of zoom';
	result.push(['Total', page.valueOf(total) + ' \u00b7 ' + share]);
	if (node)
		result.push(['Self', page.valueOf(view.self[node]) + ' \u00b7 ' +
			     percent(view.self[node] / (profile.total[0] || 1)) + ' of all']);
	if (profile.samplesKnown)
		result.push(['Samples', grouped(view.totalSamples[node]) +
			     (node && page.paint.isThin(node) ? ' \u2014 too few to rely on' : '')]);
	if (view.calls && node && view.calls[node])
		result.push(['Calls', (profile.callsKind === 'exact' ? '' : '\u2265' + NBSP) +
			     grouped(view.calls[node])]);
	if (node && (of.module || of.file))
		result.push(['From', [of.module, of.file && of.file + (of.line ? ':' + of.line : ''),
				      page.KIND_LABELS[view.kind[node]]].filter(Boolean).join(' \u00b7 ')]);
	return result;
};

// For the status line and for those who listen.
page.summary = node => page.details(node).map(([label, words]) => label + ' ' + words).join(' \u00b7 ');

function showStatus(node) {
	place.status.firstChild.textContent = page.functionOf(node).name;
	place.status.lastChild.textContent = page.summary(node);
}

// RUN: of boxes that are too narrow, see graph.js.
function showTip(node, event, run) {
	const tip = place.tip, key = run ? 'run ' + run.first : String(node) + ' ' + page.state.zoom;

	showStatus(node >= 0 ? node : page.state.selected);
	tip.hidden = !event || node < 0 && !run;
	if (tip.hidden)
		return;
	if (tip.dataset.key !== key) {
		const name = run ? page.runWords(run) : page.functionOf(node).name;
		const lines = run ? [['', 'too narrow; a click looks closer']] : page.details(node);

		tip.dataset.key = key;
		tip.textContent = '';
		make('b', {}, tip, name.length > 300 ? name.slice(0, 300) + '\u2026' : name);
		for (const [label, words] of lines) {
			const line = make('div', {}, tip);

			make('span', {}, line, label);
			make('span', {}, line, words);
		}
	}
	page.putNear(tip, event.clientX, event.clientY);
}

// Beside the pointer, and within the window.
page.putNear = (element, x, y) => {
	const { width, height } = element.getBoundingClientRect();
	const left = Math.min(x + 14, innerWidth - width - 6);
	const top = y + 18 + height > innerHeight ? y - height - 12 : y + 18;

	element.style.left = Math.max(4, left) + 'px';
	element.style.top = Math.max(4, top) + 'px';
};

// The function's heaviest box; out of the zoom if it is not in there.
page.selectName = (name, zoom) => {
	const { view, state } = page, nodes = page.nodesOfName(name);
	const isInside = node => node >= state.zoom && node < view.end[state.zoom];
	let best = -1;

	for (const node of nodes)
		if (best < 0 || isInside(node) > isInside(best) ||
		    isInside(node) === isInside(best) && view.total[node] > view.total[best])
			best = node;
	if (best < 0)
		return;
	page.set({ selected: best, zoom: zoom ? best : isInside(best) ? state.zoom : 0 });
	page.say(page.functionOf(best).name + ': ' + grouped(nodes.length) +
		 (nodes.length === 1 ? ' box' : ' boxes'));
};

/* Tabs */

page.addTab = (id, label, build) => {
	const button = make('button', { type: 'button', role: 'tab', id: 'tab-' + id,
					'aria-controls': 'panel-' + id,
					'aria-selected': 'false', tabindex: '-1', onclick: () =>
			page.set({ tab: page.state.tab === id ? 'none' : id }) }, place.tabs, label);
	const panel = make('section', { role: 'tabpanel', id: 'panel-' + id, 'aria-labelledby': 'tab-' + id,
					hidden: true, tabindex: id === 'ranking' ? undefined : '0' }, place.panels);

	tabs.set(id, { button, panel, build, built: false });
};

function showTab() {
	const open = tabs.has(page.state.tab) ? page.state.tab : page.state.tab === 'none' ? '' : 'ranking';

	for (const [id, tab] of tabs) {
		const isOpen = id === open;

		if (isOpen && !tab.built) {
			tab.built = true;
			tab.build(tab.panel);
		}
		tab.panel.hidden = !isOpen;
		tab.button.setAttribute('aria-selected', String(isOpen));
		tab.button.tabIndex = isOpen || !open && id === 'ranking' ? 0 : -1;
	}
	document.body.classList.toggle('closed', !open);
	place.split.setAttribute('aria-disabled', String(!open));
	page.emit('resize');
	page.emit('tab', open);
}

page.isOpen = id => tabs.has(id) && !tabs.get(id).panel.hidden;

function moveAmongTabs(event) {
	const step = { ArrowLeft: -1, ArrowRight: 1, Home: -tabs.size, End: tabs.size }[event.key];
	const buttons = [...tabs.values()].map(tab => tab.button), at = buttons.indexOf(event.target);

	if (!step || at < 0)
		return;
	event.preventDefault();
	const next = Math.abs(step) > 1 ? (step < 0 ? 0 : buttons.length - 1)
					: (at + step + buttons.length) % buttons.length;

	page.set({ tab: [...tabs.keys()][next] });
	buttons[next].focus();
}

/* The line between the graph and the tabs */

function setSplit(fraction) {
	const part = Math.min(0.85, Math.max(0.12, fraction));

	place.work.style.setProperty('--panel', Math.round(part * 1000) / 10 + '%');
	place.split.setAttribute('aria-valuenow', Math.round(part * 100));
	page.emit('resize');
}

function makeSplit(work) {
	const split = make('div', { class: 'split', role: 'separator', tabindex: '0',
		'aria-orientation': 'horizontal',
		'aria-label': 'Height of the lower part', 'aria-valuemin': 12, 'aria-valuemax': 85,
		'aria-valuenow': 42,
		onpointerdown: event => split.setPointerCapture(event.pointerId),
		onpointermove: event => {
			const { bottom, height } = work.getBoundingClientRect();

			if (split.hasPointerCapture(event.pointerId))
				setSplit((bottom - event.clientY) / height);
		},
		onkeydown: event => {
			const step = { ArrowUp: 5, ArrowDown: -5 }[event.key];

			if (!step)
				return;
			event.preventDefault();
			event.stopPropagation();
			setSplit((Number(split.getAttribute('aria-valuenow')) + step) / 100);
		} }, work);

	return split;
}

/* The page */

function build() {
	const { profile } = page, app = make('div', { id: 'app' }), meta = profile.meta;

	const top = make('header', {}, app), words = make('div', { class: 'words' });

	place.head = make('div', { class: 'head' }, top);
	place.head.appendChild(words);
	place.title = make('h1', {}, words, meta.title || 'Flame graph');
	make('p', {}, words, meta.summary || [meta.source, meta.command].filter(Boolean).join(' \u00b7 '));
	place.bar = make('div', { class: 'bar', role: 'toolbar', 'aria-label': 'What is shown, and how' }, top);
	place.chips = make('div', { class: 'chips' }, top);
	place.work = make('main', { class: 'work' }, app);
	place.graph = make('section', { class: 'graph', 'aria-label': 'Flame graph' }, place.work);
	place.split = makeSplit(place.work);
	const lower = make('div', { class: 'lower' }, place.work);
	place.tabs = make('div', { class: 'tabs', role: 'tablist', 'aria-label': 'More views',
				   onkeydown: moveAmongTabs }, lower);
	place.panels = make('div', { class: 'panels' }, lower);
	place.status = make('footer', { class: 'status' }, app);
	make('b', {}, place.status);
	make('span', {}, place.status);
	place.tip = make('div', { class: 'tip', hidden: true, 'aria-hidden': 'true' }, app);
	place.live = make('div', { class: 'away', role: 'status', 'aria-live': 'polite' }, app);
	document.body.appendChild(app);
	}

page.ready(() => {
	build();
	page.on('hover', showTip);
	page.on('view', () => {
		place.tip.dataset.key = '';
		showStatus(page.state.selected);
	});
	page.on('change', patch => {
		if ('tab' in patch)
			showTab();
		if ('selected' in patch || 'zoom' in patch)
			showStatus(page.state.selected);
		if ('zoom' in patch || 'transforms' in patch)
			place.tip.hidden = true;
		if ('zoom' in patch)
			page.say(page.state.zoom ? 'Zoomed to ' + page.functionOf(page.state.zoom).name
				 : 'All is shown');
	});
	addEventListener('resize', () => page.emit('resize'));
});

// After every file has added its tabs.
page.showPanels = () => {
	// A low graph needs no high place.
	const needed = (page.view.rowStart.length + 2) * page.graph.ROW;

	setSplit(Math.min(0.7, Math.max(0.42, 1 - needed / place.work.clientHeight)));
	showTab();
	showStatus(page.state.selected);
};
})(page);
