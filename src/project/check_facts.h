/*
 * What stands in a program's text, as its language's own parser tells it, or
 * project/check_text.h without one; and the rules that such facts match.
 *
 * The programs in share/addesh/checks read texts from their standard input,
 * each "LENGTH\n" and so many bytes, and write lines whose words are divided by
 * tabs:
 *
 *	f				the next text
 *	e LINE COLUMN MESSAGE		it is not of this language
 *	u				only a parser of this language could
 *					tell more: look at the text itself
 *	k MESSAGE			it could not be checked, and why
 *	c LINE COLUMN NAME 0|1 ARG...	a call; 1: all arguments are literals.
 *					ARG is KEY=VALUE, and =VALUE of those
 *					without a name; VALUE may be empty
 *	a LINE COLUMN NAME		something of an object is set
 *	i LINE COLUMN NAME		a module is imported
 *	n LINE COLUMN NAME		a name
 *	s LINE COLUMN NAME HEX		a string, and what it is given to, or -
 *	end				the last line
 *
 * NAME is a path of names with dots, after imports were looked up.
 */
#ifndef ADDESH_PROJECT_CHECK_FACTS_H
#define ADDESH_PROJECT_CHECK_FACTS_H

#include "base/strvec.h"
#include "project/check_rules.h"

#define CHECK_ARGS_MAX 32

struct check_fact {
	char kind; /* as above */
	unsigned line, column;
	const char *name;
	bool constant;		  /* of 'c'; of 'n': a text follows */
	/* Of 'c', NULL-terminated; of 'n', by text: a name that follows. */
	const char *args[CHECK_ARGS_MAX + 1];
	const char *value;	  /* of 's', and the message of 'e' and 'k' */
	size_t n;		  /* bytes of it */
	char next; /* the first byte behind the name, or 0 */
};

typedef void check_fact_fn(void *arg, size_t text, const struct check_fact *f);

/*
 * Reads what such a program wrote about n texts, which may be anything; fn, if
 * it is not NULL, is called for each fact but 'f'.  A NUL is read as a blank.
 * False: it is not what it should be, or not whole.
 */
bool check_facts_read(
    const struct strbuf *out, size_t n, check_fact_fn *fn, void *arg);

/* The words that such a program wants for {calls} and {names}: what the names
   of the rules end with. */
void check_rules_words(const struct check_language *l, struct strbuf *calls,
    struct strbuf *names);

/* Adds what the rules, and those of secrets, find in a fact (security). */
void check_fact_find(const struct check_language *l,
    const struct check_fact *fact, const char *file, bool by_text,
    struct check_findings *findings);

#endif
