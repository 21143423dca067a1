#include "shell/keys.h"

#include <string.h>

/*
 * libedit's defaults are no help: vi, Ctrl-R redraws, Ctrl-W takes the whole
 * line.  The same key has several names, since terminals do not agree.
 */
const struct key keys_table[] = {
    {"^I", "addesh-complete", "Tab",
	"complete the word; a second one lists what there is"},
    {"\\e[C \\eOC ^F", "addesh-forward", "Right, Ctrl-F",
	"go right; at the end of the line take the suggestion"},
    {"\\e[F \\eOF \\e[4~ ^E", "addesh-end", "End, Ctrl-E",
	"go to the end, or take the suggestion"},
    {"\\ef \\e[1;5C \\e[1;3C", "addesh-word", "Alt-F, Ctrl-Right",
	"go to the next word, or take one of the suggestion"},
    {"\\e[D \\eOD ^B", "ed-prev-char", "Left, Ctrl-B", "go left"},
    {"\\eb \\e[1;5D \\e[1;3D", "ed-prev-word", "Alt-B, Ctrl-Left",
	"go to the word before"},
    {"\\e[H \\eOH \\e[1~ ^A", "ed-move-to-beg", "Home, Ctrl-A",
	"go to the beginning"},
    {"\\e[A \\eOA ^P", "ed-search-prev-history", "Up, Ctrl-P",
	"the line before in the history that begins so"},
    {"\\e[B \\eOB ^N", "ed-search-next-history", "Down, Ctrl-N",
	"the next one"},
    {"^R", "em-inc-search-prev", "Ctrl-R", "search the history"},
    {"^S", "em-inc-search-next", NULL, NULL},
    {"\\e[3~", "ed-delete-next-char", "Delete", "delete the character here"},
    {"^W \\e^?", "ed-delete-prev-word", "Ctrl-W", "delete the word before"},
    {"\\ed", "em-delete-next-word", "Alt-D", "delete the next word"},
    {"^U", "em-kill-line", "Ctrl-U", "delete the line"},
    {"^K", "ed-kill-line", "Ctrl-K", "delete the rest of the line"},
    {"^Y", "em-yank", "Ctrl-Y", "put back what was deleted"},
    {"^L", "ed-clear-screen", "Ctrl-L", "clear the screen"},
    {"^X^E", "addesh-editor", "Ctrl-X Ctrl-E", "edit the line in $EDITOR"},
    {"\\e[200~", "addesh-paste", NULL, NULL},
    /* These are not bound: the terminal and the editor have them. */
    {"", NULL, "Ctrl-C", "give the line up; stop the program that runs"},
    {"", NULL, "Ctrl-D", "end a heredoc; on an empty line, end the shell"},
    {"", NULL, "Ctrl-Z", "suspend addesh"},
    {NULL, NULL, NULL, NULL},
};

void
keys_help(struct strbuf *sb)
{
	for (const struct key *k = keys_table; k->keys; k++)
		if (k->shown)
			strbuf_addf(sb, "  %-20s%s\n", k->shown, k->help);
}
