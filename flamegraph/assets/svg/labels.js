// SPDX-License-Identifier: MIT
//
// labels.js - as much of a name as fits into its box.

function isWide(code) {
	return code >= 0x1100 && (code <= 0x115f || (code >= 0x2e80 && code <= 0xa4cf) ||
		(code >= 0xac00 && code <= 0xd7a3) || (code >= 0xf900 && code <= 0xfaff) ||
		(code >= 0xfe30 && code <= 0xfe6f) || (code >= 0xff00 && code <= 0xff60) ||
		(code >= 0xffe0 && code <= 0xffe6) || (code >= 0x1f300 && code <= 0x1faff) ||
		(code >= 0x20000 && code <= 0x3fffd));
}

function fit(name, columns) {
	let used = 0, kept = '', cut = '';

	for (const c of name) {
		used += isWide(c.codePointAt(0)) ? 2 : 1;
		if (used <= columns - 1)
			cut += c;
		if (used > columns)
			return cut + '\u2026';
		kept += c;
	}
	return kept;
}

function label(box, x, y, pixels) {
	const columns = Math.floor((pixels - 2 * PAD) / glyph);

	if (columns < 3) {
		if (box.text)
			box.text.setAttribute('display', 'none');
		return;
	}
	if (!box.text) {
		box.text = document.createElementNS(SVG, 'text');
		box.g.appendChild(box.text);
	}
	box.text.removeAttribute('display');
	box.text.setAttribute('x', x + PAD);
	box.text.setAttribute('y', y + 13);
	box.text.textContent = fit(box.name, columns);
}

function measureGlyph() {
	const probe = document.createElementNS(SVG, 'text');
	const group = document.createElementNS(SVG, 'g');

	group.setAttribute('class', 'f');
	probe.textContent = 'n'.repeat(40);
	group.appendChild(probe);
	root.appendChild(group);
	glyph = probe.getComputedTextLength() / 40 || glyph;
	group.remove();
}
