/* SPDX-License-Identifier: MIT
 *
 * cfi_reload.c - two builds of it differ in nothing but the size of a frame.
 */
int reload_call(int (*back)(void));

int reload_call(int (*back)(void))
{
	volatile char room[ROOM];

	room[0] = 1;
	return back() + room[0];
}
