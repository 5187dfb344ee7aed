// SPDX-License-Identifier: MIT
//
// page_seen.js - what a user sees and hears of the HTML page: the document, the address, the status line.
'use strict';

async function open(page, address) {
	await page.goto('about:blank');
	await page.goto(address);
	await page.waitForSelector('html.live');
}

const plain = text => text.replace(/\u00a0/g, ' ');
const selected = page => page.evaluate(() => {
	const items = document.querySelectorAll('[role=treeitem][aria-selected=true]');

	return items.length === 1 ? items[0].getAttribute('aria-label').split(',')[0] : items.length + ' selected';
});
const heard = page => page.locator('[role=status]').textContent().then(plain);
const output = page => page.locator('.search output').textContent().then(plain);
const status = page => page.locator('.status').textContent().then(plain);
const rows = page => page.evaluate(() => Array.from(document.querySelectorAll('.space .row'), row =>
	Array.from(row.querySelectorAll('[role=gridcell]'), cell => cell.textContent.replace(/\u00a0/g, ' '))));
const names = async page => (await rows(page)).map(row => row[1]);
const press = async (page, ...keys) => {
	for (const key of keys)
		await page.keyboard.press(key);
};
const hash = page => page.evaluate(() => decodeURIComponent(location.hash));

// In milliseconds, so that shares are easy: 1000 samples.
const STACKS = 'main;parse;lex 300\nmain;parse;lex;parse 100\nmain;hash 400\nmain;io;read 150\nmain;io;write 48\nmain;io 2\n';

module.exports = { STACKS, hash, heard, names, open, output, plain, press, rows, selected, status };
