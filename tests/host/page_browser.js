// SPDX-License-Identifier: MIT
//
// page_browser.js - keys, ARIA, tabs, search, links, hostile names, themes, print and narrow screens in a real browser:
//	node page_browser.js REPORT_TOOL GOLDEN_DIR [SHOTS_DIR]
//
// Only what a user has is looked at: the document, the address, the clipboard.  See browser.js for what it needs.
'use strict';
const fs = require('fs'), path = require('path');
const browser = require('./browser.js');
const { STACKS, hash, heard, open, output, plain, press, selected, status } = require('./page_seen.js');

const [, , tool, golden, shots] = process.argv;
const { check } = browser;
const draw = (name, folded, ...options) => browser.draw(tool, 'html', name, folded, ...options);

async function keys(page) {
	await open(page, draw('keys', STACKS));
	check('the root is where it begins', await selected(page) === 'all', await selected(page));
	for (const [key, name] of [['ArrowUp', 'main'], ['ArrowUp', 'hash'], ['ArrowRight', 'io'], ['ArrowUp', 'read'],
				   ['ArrowRight', 'write'], ['ArrowDown', 'io'], ['ArrowLeft', 'hash'], ['ArrowRight', 'io'],
				   ['ArrowRight', 'parse'], ['ArrowRight', 'parse'], ['ArrowLeft', 'io']]) {
		await press(page, key);
		check(key + ' to ' + name, await selected(page) === name, await selected(page));
	}
	await press(page, 'Enter');
	check('Enter zooms', (await hash(page)).includes('zoom=') && await heard(page) === 'Zoomed to io', await heard(page));
	await press(page, 'ArrowDown');
	check('out of the zoom on its way', await selected(page) === 'main');
	await press(page, 'ArrowUp');
	check('and back on it, not to the widest', await selected(page) === 'io', await selected(page));
	await press(page, 'ArrowRight');
	check('nothing beside the zoomed box', await selected(page) === 'io');
	await press(page, 'Backspace');
	check('Backspace zooms out by one', await heard(page) === 'Zoomed to main' && await selected(page) === 'main');
	await press(page, 'Escape');
	check('Esc shows all', !(await hash(page)).includes('zoom=') && await heard(page) === 'All is shown');
	await press(page, 'ArrowUp', ' ');
	check('Space zooms', await heard(page) === 'Zoomed to hash', await heard(page));
	await press(page, '0');
	check('0 shows all', await heard(page) === 'All is shown');
	await press(page, 'i');
	check('i turns it over', (await hash(page)).includes('view=icicle') &&
		await page.locator('button', { hasText: 'Icicle' }).getAttribute('aria-pressed') === 'true');
	await press(page, 'ArrowUp');
	check('then up is the caller', await selected(page) === 'main', await selected(page));
	await press(page, 'ArrowDown');
	check('and down the callee', await selected(page) === 'hash');
	await press(page, 'i', 'd');
	check('d is dark', await page.evaluate(() => document.documentElement.dataset.theme) === 'dark');
	await press(page, 'd', 's');
	check('s is the sandwich', await page.locator('#panel-sandwich').isVisible());
	await press(page, 't');
	check('t is the ranking', await page.locator('#panel-ranking').isVisible());
	await press(page, 't');
	check('and away again', !await page.locator('#panel-ranking').isVisible());
	await press(page, 't', 'r');
	check('r collapses recursion', (await hash(page)).includes('t=recursion'), await hash(page));
	await press(page, 'u');
	check('u takes it back', !(await hash(page)).includes('t=recursion'));
	await press(page, 'U');
	check('U does it again', (await hash(page)).includes('t=recursion'));
	await press(page, 'Control+z');
	check('so does Ctrl-Z', !(await hash(page)).includes('t=recursion'));
	await press(page, 'Control+y', 'r');
	check('and Ctrl-Y, and r twice', !(await hash(page)).includes('t=recursion'));
	await press(page, '/', 'h', 'a', 's', 'h', 'Enter', 'Escape', 'Escape', 'b');
	check('b begins at it, and it stays selected', (await hash(page)).includes('t=root') && await selected(page) === 'hash',
		await selected(page));
	await press(page, 'u', 'm');
	check('m is the menu', await page.locator('[role=menu]').isVisible());
	await press(page, 'Escape', '?');
	check('? is the list of keys', await page.locator('dialog').isVisible());
	await page.locator('dialog input').uncheck();
	await press(page, 'Escape', 'd');
	check('keys without Ctrl can be turned off', await page.evaluate(() => document.documentElement.dataset.theme) === 'light');
	await press(page, 'Control+f');
	check('Ctrl-F is the search', await page.evaluate(() => document.activeElement.type) === 'search');
}

async function aria(page) {
	await open(page, draw('aria', STACKS));
	await press(page, 'ArrowUp', 'ArrowUp', 'ArrowRight');	// io
	const items = await page.evaluate(() => Array.from(document.querySelectorAll('[role=tree] > *'), item => [
		item.getAttribute('role'), item.getAttribute('aria-label').split(',')[0], item.getAttribute('aria-level'),
		item.getAttribute('aria-posinset'), item.getAttribute('aria-setsize'), item.getAttribute('aria-expanded'),
		item.tabIndex]));

	check('the tree around the selected box', JSON.stringify(items) === JSON.stringify([
		['treeitem', 'all', '1', '1', '1', 'true', -1], ['treeitem', 'main', '2', '1', '1', 'true', -1],
		['treeitem', 'hash', '3', '1', '3', null, -1], ['treeitem', 'io', '3', '2', '3', 'true', 0],
		['treeitem', 'read', '4', '1', '2', null, -1], ['treeitem', 'write', '4', '2', '2', null, -1],
		['treeitem', 'parse', '3', '3', '3', 'true', -1]]), items);
	const label = plain(await page.locator('[aria-selected=true][role=treeitem]').getAttribute('aria-label'));

	check('it says how much', label === 'io, Total 200 samples \u00b7 20.0 % of all (95 %: 17.6 % \u2026 22.6 %) \u00b7 20.0 % of ' +
		'its caller, Self 2 samples \u00b7 0.20 % of all, Samples 200', label);
	check('the tree has a name', await page.locator('[role=tree]').getAttribute('aria-label') !== null);
	check('the canvas is silent', await page.locator('canvas').getAttribute('aria-hidden') === 'true');
	await page.locator('.graph canvas').click({ position: { x: 5, y: 5 } });
	check('a click gives the graph the focus', await page.evaluate(() => document.activeElement.getAttribute('role')) === 'treeitem');
	check('which can be seen', await page.evaluate(() => getComputedStyle(document.querySelector('.graph')).outlineStyle) === 'solid');
	// All that can be reached by Tab, once round.
	const stops = [];

	await open(page, page.url());
	for (let i = 0; i < 40; i++) {
		await press(page, 'Tab');
		const stop = await page.evaluate(() => {
			const { activeElement: at } = document, style = getComputedStyle(at);

			return at === document.body ? null : { role: at.getAttribute('role') || at.localName, label: at.getAttribute('aria-label') ||
				at.title || at.textContent, ring: style.outlineStyle !== 'none' || at.closest('.graph.focused') !== null };
		});

		if (!stop)
			break;
		stops.push(stop);
	}
	const count = role => stops.filter(stop => stop.role === role).length;

	check('one stop in the tree, the tabs and the rows', count('treeitem') === 1 && count('tab') === 1 && count('row') === 1, stops);
	check('every stop has a name', stops.every(stop => stop.label), stops);
	check('every stop can be seen', stops.every(stop => stop.ring), stops.filter(stop => !stop.ring));
	const odd = await page.evaluate(() => Array.from(document.querySelectorAll('#app button, #app input, #app select'), element =>
		element.getAttribute('aria-label') || element.textContent.trim() || element.title).filter(name => !name).length);

	check('no control without a name', odd === 0, odd);
	check('no id twice', await page.evaluate(() => new Set(Array.from(document.querySelectorAll('[id]'), one => one.id)).size ===
		document.querySelectorAll('[id]').length));
}

async function tabs(page) {
	await open(page, draw('tabs', STACKS));
	const open_one = () => page.evaluate(() => Array.from(document.querySelectorAll('[role=tabpanel]'), panel => panel.hidden ? '' : panel.id).join(''));

	check('the ranking is open', await open_one() === 'panel-ranking');
	await page.locator('#tab-ranking').focus();
	await press(page, 'ArrowRight');
	check('right is the next', await open_one() === 'panel-sandwich' &&
		await page.evaluate(() => document.activeElement.id) === 'tab-sandwich');
	await press(page, 'End');
	check('End is the last', await open_one() === 'panel-about');
	await press(page, 'ArrowRight');
	check('and round', await open_one() === 'panel-ranking');
	check('tabs and panels know each other', await page.evaluate(() => Array.from(document.querySelectorAll('[role=tab]')).every(tab =>
		document.getElementById(tab.getAttribute('aria-controls')).getAttribute('aria-labelledby') === tab.id)));
	const height = () => page.locator('.graph').boundingBox().then(box => box.height), before = await height();

	await page.locator('[role=separator].split').focus();
	await press(page, 'ArrowDown', 'ArrowDown');
	check('the line between can be moved by key', await height() > before + 10, [before, await height()]);
	await page.locator('#tab-ranking').click();
	check('a second click closes', await open_one() === '' && await height() > before + 60);
}

async function searching(page) {
	await open(page, draw('search', STACKS));
	await press(page, '/');
	await page.keyboard.type('PARSE');
	check('nested matches count once', await output(page) === '40.0 % matched \u00b7 2', await output(page));
	await press(page, 'Enter');
	check('Enter goes to the first', await output(page) === '40.0 % matched \u00b7 1/2' && await selected(page) === 'parse', await output(page));
	await press(page, 'Enter', 'Enter');
	check('and round', (await output(page)).endsWith('1/2'), await output(page));
	await press(page, 'Shift+Enter');
	check('Shift-Enter goes back', (await output(page)).endsWith('2/2'), await output(page));
	check('the search keeps the focus', await page.evaluate(() => document.activeElement.type) === 'search');
	await page.locator('button', { hasText: 'Aa' }).click();
	check('with case nothing', await output(page) === '0 % matched \u00b7 0', await output(page));
	await page.locator('button', { hasText: 'Aa' }).click();
	for (const [query, wanted] of [['/^(read|hash)$/', '55.0 % matched \u00b7 2'], ['self>20%', '80.0 % matched \u00b7 2'],
				       ['samples>399', '100 % matched \u00b7 4'], ['m:nothing', '0 % matched \u00b7 0'],
				       ['k:unknown total<10%', '4.80 % matched \u00b7 1']]) {
		await page.fill('.search input', query);
		check(query, await output(page) === wanted, await output(page));
	}
	await page.fill('.search input', '/(/');
	check('a broken expression is told', await page.locator('.search input.bad').count() === 1 &&
		(await page.locator('.search input').getAttribute('title')).includes('not a regular expression'));
	await page.fill('.search input', 'r');
	await press(page, 'Escape', 'Escape');
	check('Esc clears, then leaves', await page.inputValue('.search input') === '' &&
		await page.evaluate(() => document.activeElement.getAttribute('role')) === 'treeitem');
	await page.fill('.search input', 'io');
	await press(page, 'Enter', 'Escape', 'Escape', 'Enter');
	check('io is zoomed', await heard(page) === 'Zoomed to io', await heard(page));
	await page.fill('.search input', 'read|hash');
	check('text is no expression', (await output(page)).startsWith('0 % matched'), await output(page));
	await page.fill('.search input', 'read');
	check('of all and of the zoom', await output(page) === '15.0 % matched, 75.0 % of zoom \u00b7 1', await output(page));
	await press(page, 'Escape', 'Escape', 'n');
	check('n without a search does nothing', await selected(page) === 'io', await selected(page));
	check('the result is announced', await page.locator('.search output').getAttribute('aria-live') === 'polite');
	// Seconds of backtracking for each name would be too many; the page answers.
	await page.fill('.search input', '/(a|a)*$/');
	check('an evil expression does not hang', (await output(page)).includes('matched'));
}

async function links(page) {
	const address = draw('links', STACKS);

	await open(page, address);
	await page.fill('.search input', 'read');
	await press(page, 'Enter', 'Escape', 'Escape', 'ArrowDown', 'Enter', 'i');
	await page.fill('.search input', 'wr');
	await page.locator('button', { hasText: 'Aa' }).click();
	await page.locator('#tab-about').click();
	await page.selectOption('select[title=Colours]', 'heat');
	await page.selectOption('select[title=Theme]', 'dark');
	const link = page.url(), seen = [await output(page), await status(page)];

	check('there is a link', /zoom=[0-9a-f]{16}/.test(link) && ['search=wr', 'case=1', 'view=icicle', 'tab=about', 'palette=heat',
		'theme=dark'].every(part => link.includes(part)), link);
	await open(page, link);
	check('it opens the same', JSON.stringify([await output(page), await status(page)]) === JSON.stringify(seen), [await output(page), await status(page), seen]);
	check('in the same view', await page.locator('#panel-about').isVisible() && await page.inputValue('.search input') === 'wr' &&
		await page.locator('button', { hasText: 'Icicle' }).getAttribute('aria-pressed') === 'true' &&
		await page.inputValue('select[title=Colours]') === 'heat' &&
		await page.evaluate(() => document.documentElement.dataset.theme) === 'dark');
	await open(page, draw('later', STACKS + 'main;new 500\nboot 20\n') + link.slice(link.indexOf('#')));
	check('it outlives a new run', (await status(page)).startsWith('io'), await status(page));
	await page.setViewportSize({ width: 500, height: 700 });
	await open(page, link);
	check('and another width', (await status(page)).startsWith('io') && (await hash(page)).includes('zoom='));
	await open(page, address + '#zoom=ffffffffffffffff&sel=x&t=nonsense&t=hide:0&view=9&palette=%3Cb%3E&tab=nowhere&theme=__proto__');
	check('a link of another profile is harmless', await selected(page) === 'all' && await page.locator('#panel-ranking').isVisible());
	// Back and forward.
	await open(page, address);
	await press(page, 'ArrowUp', 'ArrowUp', 'Enter');
	await page.goBack();
	check('back is out', (await output(page)) === '' && !(await hash(page)).includes('zoom='), await hash(page));
	await page.goForward();
	await page.waitForFunction(() => location.hash.includes('zoom='));
	check('forward is in', (await status(page)).startsWith('hash'), await status(page));
}

async function hostile(page) {
	const dialogs = [], requests = [], blocked = [];

	page.on('dialog', dialog => { dialogs.push(dialog.message()); dialog.dismiss(); });
	page.on('request', request => requests.push(request.url()));
	page.on('console', message => blocked.push(message.text()));
	await open(page, draw('hostile', fs.readFileSync(path.join(golden, 'hostile.folded'), 'utf8') +
		'main;</script><script>window.pwned=1</script> 40\nmain;<img src=x onerror=window.pwned=2> 30\n__proto__;constructor 9\n',
		'--title', '</title><script>window.pwned=3</script>'));
	for (let i = 0; i < 24; i++)
		await press(page, 'ArrowUp', 'ArrowRight');
	for (const tab of ['sandwich', 'source', 'about', 'ranking'])
		await page.locator('#tab-' + tab).click();
	await page.mouse.move(300, 300);
	await page.fill('.search input', '<img');
	await press(page, 'Enter');
	await page.locator('#tab-sandwich').click();
	check('the name is found as it is', (await selected(page)).startsWith('<img src=x onerror'), await selected(page));
	check('nothing ran', await page.evaluate(() => window.pwned) === undefined && dialogs.length === 0, dialogs);
	check('nothing was made of names', await page.evaluate(() => document.querySelectorAll('img, iframe, a, object, svg script').length) === 0);
	check('nothing was asked for', requests.filter(url => !/^(file|about):/.test(url)).length === 0, requests);
	check('the policy had nothing to block', blocked.length === 0, blocked);
	await page.evaluate(() => {
		const script = document.createElement('script'), style = document.createElement('style');

		script.textContent = 'window.pwned = 4';
		style.textContent = 'body { display: none }';
		document.body.append(script, style);
	});
	check('the policy forbids other scripts and styles', await page.evaluate(() => window.pwned === undefined &&
		getComputedStyle(document.body).display !== 'none') && blocked.length > 0);
}

// Text on what lies behind it, as WCAG 2 counts it; what is disabled is exempt.
const weak = page => page.evaluate(() => {
	const parse = text => (text.match(/[\d.]+/g) || []).map(Number);
	const luminance = rgb => rgb.slice(0, 3).map(c => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
		.reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
	const over = (top, under, alpha) => top.slice(0, 3).map((c, i) => c * alpha + under[i] * (1 - alpha));
	const ground = element => {
		const layers = [];

		for (let at = element; at; at = at.parentElement)
			layers.unshift(parse(getComputedStyle(at).backgroundColor));
		return layers.reduce((under, layer) => over(layer, under, layer.length > 3 ? layer[3] : layer.length ? 1 : 0), [255, 255, 255]);
	};
	const found = [];

	for (const element of document.querySelectorAll('#app *, dialog *')) {
		const hasText = Array.from(element.childNodes).some(node => node.nodeType === 3 && node.data.trim());

		if (!hasText || !element.checkVisibility() || element.disabled || element.closest('.away'))
			continue;
		const back = ground(element), ink = over(parse(getComputedStyle(element).color), back, 1);
		const [low, high] = [luminance(back), luminance(ink)].sort((a, b) => a - b);
		const ratio = (high + 0.05) / (low + 0.05);

		if (ratio < 4.5)
			found.push([element.className || element.localName, element.textContent.slice(0, 20), ratio.toFixed(2)]);
	}
	return found;
});
async function themes(page) {
	const address = draw('themes', STACKS);

	for (const [scheme, theme] of [['light', 'light'], ['dark', 'dark']]) {
		await page.emulateMedia({ colorScheme: scheme });
		await open(page, address);
		check('as the system: ' + theme, await page.evaluate(() => document.documentElement.dataset.theme) === theme);
		await page.locator('.space .row', { hasText: 'parse' }).click();
		for (const tab of ['ranking', 'sandwich', 'source', 'about']) {
			if (!await page.locator('#panel-' + tab).isVisible())
				await page.locator('#tab-' + tab).click();
			check(theme + ' ' + tab + ' can be read', (await weak(page)).length === 0, await weak(page));
		}
		await press(page, '?');
		check(theme + ' keys can be read', (await weak(page)).length === 0, await weak(page));
		await press(page, 'Escape');
		await page.locator('.search input').focus();
		await page.mouse.move(400, 200);
		if (shots)
			await page.screenshot({ path: path.join(shots, 'page-' + theme + '.png') });
	}
	// The system changes while the page is open; a choice of one's own stays.
	await page.emulateMedia({ colorScheme: 'light' });
	check('it follows the system', await page.waitForFunction(() => document.documentElement.dataset.theme === 'light').then(() => true,
		() => false));
	await page.selectOption('select[title=Theme]', 'dark');
	await page.emulateMedia({ colorScheme: 'dark' });
	await page.emulateMedia({ colorScheme: 'light' });
	check('but not against one\'s will', await page.evaluate(() => document.documentElement.dataset.theme) === 'dark');
	const pixel = () => page.evaluate(() => {
		const canvas = document.querySelector('.graph canvas'), data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
		const counts = {};

		for (let i = 0; i < data.length; i += 400)
			counts[data.slice(i, i + 3).join()] = 1;
		return Object.keys(counts).sort().join(' ');
	});
	const looks = new Set();

	for (const palette of ['kind', 'module', 'heat', 'hot', 'mem', 'io']) {
		await page.selectOption('select[title=Colours]', palette);
		await page.waitForTimeout(60);
		looks.add(await pixel());
	}
	check('palettes differ', looks.size >= 5, looks.size);
	// Paper.
	await page.emulateMedia({ media: 'print' });
	check('paper has the whole profile, not the controls', !await page.locator('#app').isVisible() &&
		await page.locator('#np-static table').isVisible() && await page.locator('#np-static svg').first().isVisible());
	check('paper is white', await page.evaluate(() => getComputedStyle(document.body).backgroundColor === 'rgb(255, 255, 255)' &&
		getComputedStyle(document.body).color === 'rgb(28, 27, 26)'));
	if (shots)
		await page.screenshot({ path: path.join(shots, 'page-print.png') });
	await page.emulateMedia({ media: 'screen', reducedMotion: 'reduce' });
	check('no motion for those who want none', await page.evaluate(() => Array.from(document.querySelectorAll('#app *')).every(one =>
		parseFloat(getComputedStyle(one).transitionDuration) === 0 && getComputedStyle(one).animationName === 'none')));
}

async function narrow(page) {
	await page.setViewportSize({ width: 400, height: 800 });
	await open(page, draw('narrow', STACKS.replace(/hash/g, 'a_function_with_a_name_that_is_much_longer_than_a_telephone_is_wide_'.repeat(3))));
	for (const tab of ['sandwich', 'source', 'about', 'ranking']) {
		await page.locator('#tab-' + tab).click();
		check(tab + ': no sideways scrolling', await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth &&
			Array.from(document.querySelectorAll('#app button, #app input, #app select')).filter(one => one.checkVisibility() &&
				!one.closest('.sandwich')).every(one => one.getBoundingClientRect().right <= innerWidth + 1)));
	}
	check('columns are left', (await page.locator('.heads button').evaluateAll(all => all.filter(one => one.checkVisibility()).length)) === 5);
	check('the graph has room', (await page.locator('.graph').boundingBox()).height > 80);
	if (shots)
		await page.screenshot({ path: path.join(shots, 'page-narrow.png') });
}

hostile.provokes = 'Content Security Policy';
browser.run([keys, aria, tabs, searching, links, hostile, themes, narrow], { viewport: { width: 1200, height: 700 }, colorScheme: 'light' });
