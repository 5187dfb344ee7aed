/* SPDX-License-Identifier: MIT
 *
 * cfi_reload.c - two builds of it differ in nothing but the size of a frame; a third has its code
 * far from the rest, so that the loader knows its segments one by one.
 */
int reload_call(int (*back)(void));

#ifdef FAR
__attribute__((section(".far")))
#endif
int reload_call(int (*back)(void))
{
	volatile char room[ROOM];

	room[0] = 1;
	return back() + room[0];
}
