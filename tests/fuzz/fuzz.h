/* SPDX-License-Identifier: MIT
 *
 * fuzz.h - what a fuzz target offers: to libFuzzer with the option fuzz_engine, else to replay.c.
 *
 * Context: tests.
 */
#ifndef NP_FUZZ_H
#define NP_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* A broken promise of the code under test must be seen in every build. */
#define FUZZ_CHECK(promise) ((promise) ? (void)0 : __builtin_trap())

#endif
