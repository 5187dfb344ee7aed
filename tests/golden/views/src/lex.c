/* SPDX-License-Identifier: MIT */
static inline int is_blank(char c)
{
	return c == ' ' || c == '\t';	/* <script> & | ` */
}

const char *lex(const char *at)
{
	while (is_blank(*at))
		at++;
	return at;
}
