// SPDX-License-Identifier: MIT
//
// link.js - the state as the part of the address after '#', so that what one sees can be sent.
//
//	zoom=, sel=	hashes of paths of names (model.js): they outlive widths, runs and builds
//	t=		a transform, in order: its type, then ':' and the hash of the name it is of
//	search=, case=, view= (layout), tab=, theme=, palette=	when they differ from what a page begins with
(page => {
'use strict';

// Of the state what there is; side is of pair.js.
const PLAIN = { query: 'search', side: 'widths', layout: 'view', tab: 'tab', theme: 'theme', palette: 'palette' };
const TOKEN = /^[0-9a-f]{16}$/;
let begin = null;

function putTransform(transform) {
	const { type } = transform;

	return type + ('name' in transform ? ':' + page.nameHash(transform.name)
		: 'module' in transform ? ':' + page.nameHash(page.profile.moduleName[transform.module])
		: 'query' in transform ? ':' + transform.query : '');
}

function nameOf(hash) {
	if (!TOKEN.test(hash))
		return -1;
	for (let name = 0; name < page.profile.names.length; name++)
		if (page.nameHash(name) === hash)
			return name;
	return -1;
}

// null: of another profile, where there is no such function.
function takeTransform(text) {
	const at = text.indexOf(':'), type = at < 0 ? text : text.slice(0, at), of = at < 0 ? '' : text.slice(at + 1);

	if (!page.isTransform({ type }))
		return null;
	if (['recursion', 'cycles', 'modules', 'threads', 'invert'].includes(type))
		return { type };
	if (type === 'match')
		return of ? { type, query: of } : null;
	const name = nameOf(of);

	if (type === 'module')
		return name >= page.profile.functions.n && name < page.profile.cutName
			? { type, module: name - page.profile.functions.n } : null;
	return name >= 0 ? { type, name } : null;
}

page.makeLink = () => {
	const { state } = page, parts = new URLSearchParams();

	for (const transform of state.transforms)
		parts.append('t', putTransform(transform));
	if (state.zoom)
		parts.set('zoom', page.pathHash(state.zoom));
	if (state.selected && state.selected !== state.zoom)
		parts.set('sel', page.pathHash(state.selected));
	for (const [key, word] of Object.entries(PLAIN))
		if (key in begin && state[key] !== begin[key])
			parts.set(word, state[key]);
	if (state.matchCase)
		parts.set('case', '1');
	return parts.toString();
};

page.readLink = text => {
	const given = new URLSearchParams(text), patch = { ...begin, matchCase: given.get('case') === '1' };

	for (const [key, word] of Object.entries(PLAIN))
		if (given.has(word))
			patch[key] = given.get(word).slice(0, 1000);
	if (!['flame', 'icicle'].includes(patch.layout))
		patch.layout = begin.layout;
	if (!['auto', 'light', 'dark'].includes(patch.theme))
		patch.theme = begin.theme;
	page.apply({ ...patch, transforms: given.getAll('t').slice(0, 50).map(takeTransform).filter(Boolean) });
	const zoom = Math.max(0, page.nodeOfHash(given.get('zoom'))), selected = page.nodeOfHash(given.get('sel'));

	page.apply({ zoom, selected: given.get('sel') && selected >= 0 ? selected : zoom, span: null });
};

page.updateLink = isStep => {
	const url = '#' + page.makeLink();

	try {
		if (isStep && location.hash !== url && (location.hash || url !== '#'))
			history.pushState(null, '', url);
		else
			history.replaceState(null, '', url);
	} catch (error) {
		// A sandbox or a data: address has no history; the page works without.
	}
};

page.ready(() => {
	begin = Object.fromEntries(Object.keys(PLAIN).filter(key => key in page.state).map(key => [key, page.state[key]]));
	if (location.hash.length > 1)
		page.readLink(location.hash.slice(1));
	for (const event of ['popstate', 'hashchange'])
		addEventListener(event, () => location.hash.slice(1) !== page.makeLink() && page.readLink(location.hash.slice(1)));
});
})(page);
