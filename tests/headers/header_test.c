/* SPDX-License-Identifier: MIT
 * Compiles one header alone: it must bring everything it needs. */
#include NP_TEST_HEADER

int main(void)
{
	return 0;
}
