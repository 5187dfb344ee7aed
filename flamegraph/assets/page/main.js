// SPDX-License-Identifier: MIT
//
// main.js - the last file: unpacks the profile and starts the page.
(page => {
'use strict';

// What can be read without the page being alive stays, with the reason why.
function giveUp(error) {
	const note = document.createElement('p');

	note.className = 'poor';
	note.textContent = 'Only the outer levels are shown: ' + (typeof DecompressionStream === 'undefined'
		? 'this browser is too old for the rest (it has no DecompressionStream)' : error.message) + '.';
	document.getElementById('np-static').before(note);
	throw error;
}

async function main() {
	const data = document.getElementById('np-data');

	page.setProfile(page.decode(await page.unpack(data.textContent)));
	data.remove();
	page.state.layout = page.profile.meta.icicle ? 'icicle' : 'flame';
	document.documentElement.classList.add('live');	// places have their sizes from here on
	page.start();
	if (page.showPanels)
		page.showPanels();
}

if (typeof document !== 'undefined')
	main().catch(giveUp);
})(page);
