// SPDX-License-Identifier: MIT
//
// about.js - what was measured and how far it can be trusted: the badge, the tab "About", the legend.
//
// A poor profile is called poor.  The limits are those of "neuroprof-report lint".
// Needs: words.js, panels.js.  judge() is pure.
(page => {
'use strict';

const { NBSP, DASH, percent, grouped, valueInWords, timeInWords, secondsPer, wilson } = page.words;

const SAMPLES_FEW = 1000, SAMPLES_TOO_FEW = 100;
const NAMELESS = 0.05, NAMELESS_TOO_MANY = 0.30, CUT = 0.01, CUT_TOO_MANY = 0.10;
const LEVELS = ['note', 'good', 'fair', 'poor'];
// Lint's names of our own three lines.
const OWN = { 'few-samples': 0, 'samples-unknown': 0, unresolved: 1, truncated: 2 };

// "[unknown]", "0x4d0", "libfoo.so+0x4d0", "[libfoo.so]" in that object
function isNameless(name, module) {
	return name === '' || name === '[unknown]' || name === '(unknown)' || name === '??' ||
		/^(?:.+\+)?0x[0-9a-f]+$/i.test(name) || module !== '' && name === '[' + module + ']';
}

// { level, lines: [{ level, text }] }, the worst first.
page.judge = profile => {
	const { functions } = profile, whole = profile.total[0] || 1, lines = [];
	const add = (level, text) => lines.push({ level, text });
	const samples = profile.samplesKnown ? profile.totalSamples[0] : NaN;
	let nameless = 0, cut = 0;

	for (let i = 0; i < functions.n; i++) {
		const name = profile.names[i];

		if (page.KINDS[functions.kind[i]] === 'marker')
			cut += name.startsWith('[truncated') ? functions.total[i] : 0;
		else if (isNameless(name, profile.modules[functions.module[i]]))
			nameless += functions.self[i];
	}
	if (Number.isNaN(samples))
		add('fair', 'It is not known how many samples there are: no interval can be given');
	else
		add(samples < SAMPLES_TOO_FEW ? 'poor' : samples < SAMPLES_FEW ? 'fair' : 'good',
		    grouped(samples) + ' samples: what reads 10' + NBSP + '% is ' +
		    wilson(0.1, samples).map(percent).join(' to ') + ' (95' + NBSP + '%)');
	add(nameless > NAMELESS_TOO_MANY * whole ? 'poor' : nameless > NAMELESS * whole ? 'fair' : 'good',
	    percent(nameless / whole) + ' unresolved: own time of functions without a name');
	add(cut > CUT_TOO_MANY * whole ? 'poor' : cut > CUT * whole ? 'fair' : 'good',
	    percent(cut / whole) + ' truncated: in stacks that do not reach the entry of the program');
	for (const { id, level, text, todo } of profile.health || []) {
		// What to do about our own three lines, and the lines that we have not.
		const own = OWN[id], line = own === undefined ? { level, text } : lines[own];

		if (own === undefined)
			lines.push(line);
		else if (line.level === 'good')
			continue;
		line.text += todo ? '; ' + todo : '';
	}
	const worst = Math.max(1, ...lines.map(line => LEVELS.indexOf(line.level)));

	lines.sort((a, b) => LEVELS.indexOf(b.level) - LEVELS.indexOf(a.level));
	return { level: LEVELS[worst], lines };
};

/* The legend */

function kindShares(profile) {
	const shares = page.KINDS.map(() => 0);

	for (let i = 1; i < profile.n; i++)
		shares[profile.kind[i]] += profile.self[i] / (profile.total[0] || 1);
	return shares;
}

function makeLegend(place) {
	const shares = kindShares(page.profile);
	const list = page.make('ul', { class: 'legend', 'aria-label': 'Own time by whose code it is' }, place);
	const swatches = [];

	shares.forEach((share, kind) => {
		if (!share)
			return;
		const item = page.make('li', {}, list);

		swatches.push([page.make('i', { class: 'swatch' }, item), page.KINDS[kind]]);
		item.append(page.KIND_LABELS[kind] + ' ' + percent(share));
	});
	const show = () => {
		list.hidden = page.paint.palette !== 'kind' || swatches.length < 2;
		for (const [swatch, kind] of swatches)
			swatch.style.background = page.paint[kind][0];
	};

	show();
	page.on('paint', show);
}

/* The tab */

function makeFacts(parent, facts) {
	const list = page.make('dl', { class: 'facts' }, parent);

	for (const [what, words] of facts) {
		if (!words)
			continue;
		page.make('dt', {}, list, what);
		page.make('dd', {}, list, words);
	}
}

function facts() {
	const { profile } = page, { meta, unit } = profile, period = profile.period * secondsPer(unit);
	const isOfType = secondsPer(unit) || unit === 'bytes';

	return [['Command', meta.command], ['Profile', meta.source],
		['Value', page.valueOf(profile.total[0]) + (isOfType ? ' of ' + profile.type : '')],
		['Samples', profile.samplesKnown ? grouped(profile.totalSamples[0]) : 'not known'],
		['Period', period ? timeInWords(period) + ' (' + Number((1 / period).toPrecision(4)) + ' a second)'
			: profile.period ? valueInWords(profile.period, profile.unit) : ''],
		['Wall time', meta.duration ? timeInWords(meta.duration / 1e9) : ''],
		['Calls', { exact: 'exact', 'lower-bound': 'a lower bound (\u2265)' }[profile.callsKind] ||
			'not counted'],
		['Tree', grouped(profile.n) + ' boxes, ' + grouped(profile.functions.n) +
			' functions, nothing left out'],
		['Ranking', meta.formula ? meta.formula + '; ROI = score / complexity' : DASH]];
}

function build(panel) {
	const { level, lines } = page.judge(page.profile), list = page.make('ul', { class: 'judged' });

	page.make('h2', {}, panel, { good: 'A good profile', fair: 'A fair profile: mind the notes',
				     poor: 'A poor profile: do not decide by it alone' }[level]);
	panel.append(list);
	for (const line of lines)
		page.make('li', { class: line.level }, list, line.text);
	page.make('h2', {}, panel, 'What was measured');
	makeFacts(panel, facts());
	if (page.profile.meta.notes && page.profile.meta.notes.length) {
		page.make('h2', {}, panel, 'What the recorder says');
		const notes = page.make('ul', {}, panel);

		for (const note of page.profile.meta.notes)
			page.make('li', {}, notes, note);
	}
}

page.ready(() => {
	const { level, lines } = page.judge(page.profile);

	page.addTab('about', 'About', build);
	page.button(page.place.head, { good: '\u2713', fair: '!', poor: '\u26a0' }[level] + ' ' + level + ' profile',
		    lines[0].text, () => page.set({ tab: 'about' }),
		    { class: 'badge ' + level, 'aria-label': level + ' profile: ' + lines[0].text });
	makeLegend(page.place.chips);
});
})(page);
