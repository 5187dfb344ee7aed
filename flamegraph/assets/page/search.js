// SPDX-License-Identifier: MIT
//
// search.js - the search box: what a query means, which frames match, how much of the whole that is.
//
//	alloc                  names that hold "alloc"; operator new: words in a row are one text
//	/^std::.*map/          a regular expression; case is ignored unless Aa is pressed
//	k:kernel  m:libc       by kind, by module; also of what is not: -m:libc
//	self>1%  total<5%      by share of the whole; samples>100
//	k:own alloc self>1%    all of these together
//
// The first half is pure.
// Needs: words.js, palette.js.
(page => {
'use strict';

const NAME_SEARCHED = 1024;	// of each name, to bound the time of a bad expression
const SEARCH_MS = 1500;

// An expression ignores case without a copy of every name.
function textTest(text, matchCase) {
	const expression = matchCase ? null : new RegExp(text.replace(/[\^$\\.*+?()[\]{}|/]/g, '\\$&'), 'iu');

	return name => expression ? expression.test(name) : name.includes(text);
}

// One term: { by: 'name' | 'kind' | 'module' | 'self' | 'total' | 'samples', test(value), not }
function parseTerm(word, matchCase) {
	const not = word.length > 1 && word[0] === '-' && /^-(?:[km]:|\/.+\/$)/.test(word);
	const body = not ? word.slice(1) : word;
	let found = /^(self|total|samples)([<>])=?(\d+(?:\.\d+)?)(%?)$/i.exec(body);

	if (found) {
		const limit = Number(found[3]) / (found[4] ? 100 : 1), orEqual = body.includes('=');

		if ((found[1].toLowerCase() === 'samples') === (found[4] === '%'))
			return { error: found[1] + (found[4] ? ' is a number' : ' needs a %: self>1%') };
		return { by: found[1].toLowerCase(), not, test: found[2] === '>'
			? value => value > limit || orEqual && value === limit
			: value => value < limit || orEqual && value === limit };
	}
	found = /^([km]):(.*)$/i.exec(body);
	if (found && found[2]) {
		const test = textTest(found[2], false);

		return { by: found[1].toLowerCase() === 'k' ? 'kind' : 'module', not, test };
	}
	found = /^\/(.+)\/$/s.exec(body);
	if (found) {
		try {
			const expression = new RegExp(found[1], matchCase ? 'u' : 'iu');

			return { by: 'name', not, test: name => expression.test(name.slice(0, NAME_SEARCHED)) };
		} catch (error) {
			return { error: 'not a regular expression' };
		}
	}
	return { by: 'name', not: false, isPlain: true, test: textTest(body, matchCase) };
}

// Words at blanks; an expression between slashes and a text in quotes are one word.
function splitQuery(query) {
	return query.match(/-?\/(?:[^/\\]|\\.)+\/(?=\s|$)|"[^"]+"|\S+/gs) || [];
}

// A query as { terms, error }; without terms everything would match, so nothing does.
function parseQuery(query, matchCase) {
	const terms = [];
	let plain = [], error = '';
	const flush = () => {
		if (plain.length)
			terms.push({ by: 'name', not: false, test: textTest(plain.join(' '), matchCase) });
		plain = [];
	};

	for (const word of splitQuery(query)) {
		const quoted = /^".+"$/s.test(word);
		const term = quoted ? null : parseTerm(word, matchCase);

		if (term && term.error) {
			error = error || word + ': ' + term.error + '; taken as text';
			plain.push(word);
		} else if (term && !term.isPlain) {
			flush();
			terms.push(term);
		} else if (quoted) {
			flush();
			terms.push({ by: 'name', not: false, test: textTest(word.slice(1, -1), matchCase) });
		} else {
			plain.push(word);
		}
	}
	flush();
	return { terms, error };
}

// Does the thing match?  get(by): its name, kind, module, self share, total share or samples.
function matches(terms, get) {
	return terms.length > 0 && terms.every(term => term.test(get(term.by)) !== term.not);
}

// Which nodes of TREE match: { hits (node indexes), isHit, late }.  GET is told a node and what is wanted of
// it; what is the same for all nodes of a name is asked once for each of the NAMES.
function searchTree(tree, terms, names, get, deadline) {
	const isHit = new Uint8Array(tree.n), hits = new Int32Array(tree.n);
	const known = new Int8Array(names);	// 1: it fits, -1: it does not
	const isVarying = term => ['self', 'total', 'samples'].includes(term.by);
	const varying = terms.filter(isVarying), fixed = terms.filter(term => !isVarying(term));
	let late = false, asked = 0, count = 0;

	for (let i = 1; i < tree.n && terms.length; i++) {
		const name = tree.name[i];

		if (!known[name]) {
			known[name] = !late && fixed.every(term => term.test(get(i, term.by)) !== term.not)
				? 1 : -1;
			late = late || (++asked & 63) === 0 && Date.now() > deadline;
		}
		if (known[name] > 0 && varying.every(term => term.test(get(i, term.by)))) {
			isHit[i] = 1;
			hits[count++] = i;
		}
	}
	return { hits: hits.subarray(0, count), isHit, late };
}

// The first of ascending HITS that is not before NODE: its index.
function firstHit(hits, node) {
	let low = 0, high = hits.length;

	while (low < high) {
		const middle = low + high >> 1;

		if (hits[middle] < node)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

// The value below the matching nodes from FROM on: what is within a match is not counted again.
function matchedValue(tree, isHit, from) {
	let sum = 0;

	for (let i = from; i < tree.end[from];) {
		sum += isHit[i] ? tree.total[i] : 0;
		i = isHit[i] ? tree.end[i] : i + 1;
	}
	return sum;
}

page.parseQuery = parseQuery;
page.matches = matches;
page.searchTree = searchTree;
page.matchedValue = matchedValue;

/* The box */

const { percent, grouped } = page.words;
let input, output, previous, next, matchCase;

page.state.matchCase = false;
page.hits = null;	// by view node, or null when nothing is searched; 'hits' is emitted when it changed
let matched = [];	// the nodes

function getter(view, profile) {
	const whole = profile.total[0] || 1;

	return (node, by) => by === 'name' ? profile.names[view.name[node]]
		: by === 'kind' ? page.KINDS[view.kind[node]] + ' ' + page.KIND_LABELS[view.kind[node]]
		: by === 'module' ? page.functionOf(node).module
		: by === 'self' ? view.self[node] / whole
		: by === 'total' ? view.total[node] / whole : view.totalSamples[node];
}

function search() {
	const { state, view, profile } = page, { terms, error } = parseQuery(state.query, state.matchCase);

	const found = searchTree(view, terms, profile.names.length, getter(view, profile),
				 Date.now() + SEARCH_MS);

	page.hits = terms.length ? found.isHit : null;
	matched = found.hits;
	if (input.value !== state.query)
		input.value = state.query;
	input.title = found.late ? 'This expression takes too long: only a part was searched' : error;
	input.classList.toggle('bad', input.title !== '');
	matchCase.setAttribute('aria-pressed', String(state.matchCase));
	tell();
	page.emit('hits');
}

// Of the matches those within the zoom: from, to, and the place of the selected one or -1.
function shown() {
	const { view, state } = page, { zoom } = state;
	const from = firstHit(matched, zoom), to = firstHit(matched, view.end[zoom]);
	const at = firstHit(matched, state.selected);

	return { from, to, at, isHit: at >= from && at < to && matched[at] === state.selected };
}

function tell() {
	const { view, hits } = page, { zoom } = page.state, { from, to, at, isHit } = shown();

	const share = node => percent(matchedValue(view, hits, node) / (view.total[node] || 1));

	output.textContent = !hits ? '' : share(0) + ' matched' + (zoom ? ', ' + share(zoom) + ' of zoom' : '') +
		' \u00b7 ' + (isHit ? at - from + 1 + '/' : '') + grouped(to - from);
	previous.hidden = next.hidden = !hits;
	previous.disabled = next.disabled = from === to;
}

// Round at the ends.
page.nextMatch = step => {
	const { from, to, at, isHit } = shown();

	if (from === to)
		return;
	const wanted = step > 0 ? Math.max(from, isHit ? at + 1 : at) : Math.min(to, at) - 1;

	page.set({ selected: matched[wanted < from ? to - 1 : wanted >= to ? from : wanted] });
};

page.focusSearch = () => {
	input.focus();
	input.select();
};

page.ready(() => {
	const box = page.make('div', { class: 'search', role: 'search' }, page.place.bar);

	input = page.make('input', { type: 'search', placeholder: 'Search ( / )', spellcheck: 'false',
		autocomplete: 'off',
		'aria-label': 'Search: text, /expression/, k:kernel, m:library, self>1%',
		oninput: () => page.set({ query: input.value }),
		onkeydown: event => event.key === 'Enter' && page.nextMatch(event.shiftKey ? -1 : 1) }, box);
	matchCase = page.button(box, 'Aa', 'Match case', () => page.set({ matchCase: !page.state.matchCase }));
	previous = page.button(box, '\u2039', 'Previous match (N)', () => page.nextMatch(-1));
	next = page.button(box, '\u203a', 'Next match (n)', () => page.nextMatch(1));
	output = page.make('output', { 'aria-live': 'polite' }, box);
	search();
	page.on('view', search);
	page.on('change', patch => {
		if ('query' in patch || 'matchCase' in patch)
			search();
		else if ('zoom' in patch || 'selected' in patch)
			tell();
	});
});
})(page);
