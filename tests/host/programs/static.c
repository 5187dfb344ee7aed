/* SPDX-License-Identifier: MIT
 *
 * static.c - a program without a loader, for what is said about such.  Needs no static libc.
 */
void _start(void);
void _start(void)
{
	__asm__ volatile("mov $60, %eax\n\txor %edi, %edi\n\tsyscall");
}
