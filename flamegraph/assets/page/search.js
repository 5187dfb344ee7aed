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

function textTest(text, matchCase) {
	const wanted = matchCase ? text : text.toLowerCase();

	return name => (matchCase ? name : name.toLowerCase()).includes(wanted);
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
	return { by: 'name', not: false, test: textTest(body, matchCase) };
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
		} else if (term && (term.by !== 'name' || /^-?\//.test(word) && word.length > 2 && word.endsWith('/'))) {
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

// Which nodes of TREE match: { hits (node indexes), isHit, late }.  GET is told the node and what is
// wanted; FUNCTION_OF gives what names, kinds and modules belong to, so that each is looked at once.
function searchTree(tree, terms, functionOf, get, deadline) {
	const isHit = new Uint8Array(tree.n), hits = [], known = new Map();
	const fixed = terms.filter(term => term.by === 'name' || term.by === 'kind' || term.by === 'module');
	const varying = terms.filter(term => !fixed.includes(term));
	let late = false;

	for (let i = 1; i < tree.n && terms.length; i++) {
		const key = functionOf(i);
		let fits = known.get(key);

		if (fits === undefined) {
			fits = !late && fixed.every(term => term.test(get(i, term.by)) !== term.not);
			known.set(key, fits);
			late = late || (known.size & 63) === 0 && Date.now() > deadline;
		}
		if (fits && varying.every(term => term.test(get(i, term.by)) !== term.not)) {
			isHit[i] = 1;
			hits.push(i);
		}
	}
	return { hits, isHit, late };
}

// The value below the matching nodes from FROM on: what is within a match is not counted again.
function matchedValue(tree, isHit, from) {
	let sum = 0, i = from;

	while (i < tree.n && (i === from || tree.depth[i] > tree.depth[from])) {
		if (!isHit[i]) {
			i++;
			continue;
		}
		sum += tree.total[i];
		for (const depth = tree.depth[i++]; i < tree.n && tree.depth[i] > depth;)
			i++;
	}
	return sum;
}

page.parseQuery = parseQuery;
page.matches = matches;
page.searchTree = searchTree;
page.matchedValue = matchedValue;
})(page);
