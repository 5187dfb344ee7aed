/* SPDX-License-Identifier: MIT
 *
 * utf8.h - moved to base/utf8.h.  Context: tools.
 */
#ifndef NP_PROFILE_UTF8_H
#define NP_PROFILE_UTF8_H

#include "base/utf8.h"

#endif
