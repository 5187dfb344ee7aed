// SPDX-License-Identifier: MIT
//
// link.js - the state as the part of the address after '#': #zoom=<hash of the path>&search=<text>&icicle=1

// A hash of the names from the root, so that a link survives another width or a new profile.
function pathHashes() {
	const hashes = new Array(boxes.length), seen = new Map();

	boxes.forEach((box, i) => {
		const twin = box.parent + '\n' + box.name, nth = seen.get(twin) || 0;
		const text = (i ? hashes[box.parent] : '') + '\n' + box.name + (nth ? '\n' + nth : '');
		let a = 0xdeadbeef, b = 0x41c6ce57;

		seen.set(twin, nth + 1);
		for (let k = 0; k < text.length; k++) {
			a = Math.imul(a ^ text.charCodeAt(k), 2654435761);
			b = Math.imul(b ^ text.charCodeAt(k), 1597334677);
		}
		hashes[i] = ((a ^ a >>> 16) >>> 0).toString(16).padStart(8, '0') +
			    ((b ^ b >>> 16) >>> 0).toString(16).padStart(8, '0');
	});
	return hashes;
}
let hashes = null;

function link() {
	const parts = [];

	if (state.zoom) {
		hashes = hashes || pathHashes();
		parts.push('zoom=' + hashes[state.zoom]);
	}
	if (state.query)
		parts.push('search=' + encodeURIComponent(state.query));
	if (state.matchCase)
		parts.push('case=1');
	if (state.view)
		parts.push('view=' + VIEWS[state.view]);
	if (state.icicle !== (root.dataset.icicle === '1'))
		parts.push('icicle=' + (state.icicle ? 1 : 0));
	return parts.join('&');
}

function remember(isStep) {
	if (!alone)
		return;
	try {
		const url = '#' + link();

		if (isStep && location.hash !== url && (location.hash || url !== '#'))
			history.pushState(null, '', url);
		else
			history.replaceState(null, '', url);
	} catch (error) {
		// A sandbox or a data: address has no history; the picture works without.
	}
}

function recall() {
	const given = new URLSearchParams(alone ? location.hash.slice(1) : '');
	const zoom = given.get('zoom');

	hashes = zoom ? hashes || pathHashes() : hashes;
	state.zoom = zoom ? Math.max(0, hashes.indexOf(zoom)) : 0;
	state.icicle = (given.get('icicle') || root.dataset.icicle) === '1';
	setView(Math.max(0, VIEWS.indexOf(given.get('view'))));
	state.matchCase = given.get('case') === '1';
	state.query = given.get('search') || '';
	input.value = state.query;
	draw();
	search();
	show(null);
}

function zoomTo(index) {
	if (boxes[index].narrow)
		return;
	state.zoom = index;
	remember(true);
	draw();
	if (!boxes[current].shown)
		focus(boxes[index]);
	show(boxes[index]);
}

function setQuery(query) {
	state.query = query;
	remember(false);
	search();
}

function toggleIcicle() {
	state.icicle = !state.icicle;
	remember(false);
	draw();
	bringIntoView(boxes[state.zoom]);
}
