// SPDX-License-Identifier: MIT
//
// search.js - which boxes match, how much of all that is, and from one to the next.

function matcher(query) {
	let expression;

	try {
		expression = new RegExp(query, state.matchCase ? 'u' : 'iu');
	} catch (error) {
		const plain = state.matchCase ? query : query.toLowerCase();

		return { plain: true, test: name =>
			(state.matchCase ? name : name.toLowerCase()).includes(plain) };
	}
	return { plain: false, test: name => expression.test(name.slice(0, NAME_SEARCHED)) };
}

function search() {
	const known = new Map(), started = Date.now(), match = matcher(state.query);
	let late = false;

	hits = [];
	for (const box of boxes) {
		let found = false;

		if (state.query && !late && !box.narrow && box.index > 0) {
			found = known.get(box.name);
			if (found === undefined) {
				found = match.test(box.name);
				known.set(box.name, found);
				late = Date.now() - started > SEARCH_MS;
			}
		}
		box.hit = found;
		box.g.classList.toggle('hit', found);
	}
	root.classList.toggle('searching', state.query !== '');
	input.classList.toggle('bad', state.query !== '' && match.plain);
	input.title = late ? 'This expression takes too long: only a part was searched'
		: state.query && match.plain ? 'Not a regular expression: taken as plain text' : '';
	caseButton.setAttribute('aria-pressed', String(state.matchCase));
	showMatches();
}

// Boxes within a matching box count once: they come after it and begin before its right edge.
function showMatches() {
	const zoom = boxes[state.zoom];
	let sum = 0, edge = -1;

	hits = boxes.filter(box => box.hit && box.shown);
	for (const box of boxes) {
		if (!box.hit || box.index < zoom.index || box.index >= zoom.end)
			continue;
		if (box.left >= edge) {
			sum += box.width;
			edge = box.left + box.width;
		}
	}
	const at = hits.indexOf(boxes[current]);

	output.textContent = !state.query ? '' : percent(sum / zoom.width) + ' matched' +
		(state.zoom ? ' of zoom' : '') + (hits.length ? ' \u00b7 ' + (at >= 0 ? at + 1 + '/' : '') +
		hits.length : '');
	output.style.display = state.query ? '' : 'none';
	nextButton.style.display = previousButton.style.display = state.query ? '' : 'none';
	nextButton.disabled = previousButton.disabled = hits.length === 0;
}

function nextMatch(step) {
	if (!hits.length)
		return;
	let at = hits.indexOf(boxes[current]);

	if (at < 0)
		at = step > 0 ? hits.findIndex(box => box.index > current) - 1
			      : hits.filter(box => box.index < current).length;
	focus(hits[((at < -1 ? -1 : at) + step + hits.length) % hits.length], document.activeElement === input);
	showMatches();
}
